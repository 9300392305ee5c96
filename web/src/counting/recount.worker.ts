import { Recounter, type RecountRequest } from "./recount";

const recounter = new Recounter();

addEventListener("message", async (event: MessageEvent<RecountRequest>) => {
  postMessage(await recounter.respond(event.data));
});
