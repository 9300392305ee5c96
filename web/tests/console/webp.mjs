// WebP images: a still by the browser's encoder, an animation by its container format.
// Source: https://developers.google.com/speed/webp/docs/riff_container

/** Encodes a PNG as WebP, by the page's browser. Its content policy allows no image URLs, so the data is passed as text. */
export async function toWebp(page, png, quality) {
  const base64 = await page.evaluate(
    async ([data, quality]) => {
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
      const blob = await canvas.convertToBlob({ type: "image/webp", quality });
      return btoa(
        Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""),
      );
    },
    [png.toString("base64"), quality],
  );
  return Buffer.from(base64, "base64");
}

/** An endless animation of frames, each `{ image, x, y, width, height, duration }` in pixels and milliseconds. */
export function animation({ width, height }, frames) {
  const ANIMATED = 0b10;
  const size = Buffer.concat([Buffer.from([ANIMATED, 0, 0, 0]), uint24(width - 1), uint24(height - 1)]);
  // Background colour, and an endless loop.
  const loop = Buffer.from([255, 255, 255, 255, 0, 0]);
  const chunks = [chunk("VP8X", size), chunk("ANIM", loop)];
  for (const { image, x, y, width, height, duration } of frames) {
    // Overwrites what is below, and stays for the next frame.
    const OPAQUE = 0b10;
    const placement = [x / 2, y / 2, width - 1, height - 1, duration].map(uint24);
    chunks.push(chunk("ANMF", Buffer.concat([...placement, Buffer.from([OPAQUE]), bitstream(image)])));
  }
  return chunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...chunks]));
}

/** The chunk with the pixels of a still. */
function bitstream(image) {
  for (let at = 12; at < image.length; ) {
    const [type, size] = [image.toString("latin1", at, at + 4), image.readUInt32LE(at + 4)];
    const end = at + 8 + size + (size % 2);
    if (type === "VP8 " || type === "VP8L") return image.subarray(at, end);
    at = end;
  }
  throw new Error("the browser encoded no WebP");
}

function chunk(type, content) {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from(type), size, content, Buffer.alloc(content.length % 2)]);
}

function uint24(number) {
  return Buffer.from([number & 255, (number >> 8) & 255, number >> 16]);
}
