// Invite and reset codes as links. The code is in the fragment, which no server or proxy logs.
import { absoluteUrl } from "./guild";

const link = (path: string, code: string, username: string) =>
  `${absoluteUrl(path)}#${new URLSearchParams({ code, as: username })}`;

export const inviteLink = (code: string, username: string) => link("/register", code, username);
export const resetLink = (code: string, username: string) => link("/reset", code, username);

const DELIVERIES: Record<string, string> = {
  SENT: "The bot has sent it to them in Discord.",
  QUEUED: "The bot sends it to them in Discord shortly.",
  NOT_LINKED: "Their Discord id is unknown, so the bot cannot send it. Send it yourself.",
  FAILED: "They do not accept direct messages in Discord. Send it yourself.",
  NOT_CONFIGURED: "Send it yourself.",
};

/** Whether the code has reached the member, in a sentence. */
export const describeDelivery = (delivery: string) => DELIVERIES[delivery] ?? "Send it yourself.";

/** Whether the member gets the code without the officer. */
export const isDelivered = (delivery: string) => delivery === "SENT" || delivery === "QUEUED";
