import type { FoundBallot, RecountReport, RecountRequest, RecountResponse } from "../../counting/recount";
import workerUrl from "../../counting/recount.worker?worker&url";
import { trustScriptUrl } from "../trustedTypes";

type WithoutId<Request> = Request extends { id: number } ? Omit<Request, "id"> : never;

/** Checks a file in a worker, so that a large or hostile one neither blocks nor breaks the page. */
export class RecountWorker {
  private readonly worker = new Worker(trustScriptUrl(workerUrl), { type: "module", name: "recount" });
  private lastId = 0;
  private readonly waiting = new Map<number, (response: RecountResponse) => void>();

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<RecountResponse>) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
    // The worker's own errors are responses. This one means that it did not start, or ran out of memory.
    this.worker.onerror = () => {
      for (const [id, respond] of this.waiting) {
        respond({
          id,
          kind: "failure",
          message: "The check could not run in this browser. Reload the page.",
        });
      }
      this.waiting.clear();
    };
  }

  async check(file: string | Blob): Promise<RecountReport | { message: string }> {
    const response = await this.request({ kind: "check", file });
    return response.kind === "report" ? response.report : { message: messageOf(response) };
  }

  async find(receipt: string): Promise<FoundBallot | null> {
    const response = await this.request({ kind: "find", receipt });
    return response.kind === "found" ? response.ballot : null;
  }

  stop() {
    this.worker.terminate();
    this.waiting.clear();
  }

  private request(request: WithoutId<RecountRequest>) {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise<RecountResponse>((resolve) => {
      this.waiting.set(id, resolve);
      this.worker.postMessage({ ...request, id });
    });
  }
}

const messageOf = (response: RecountResponse) =>
  response.kind === "failure" ? response.message : "The check gave no result. Reload the page.";
