/* Passkeys: what the account pages' own script reports as failed is said in words. */

import { toast } from "./toasts.mjs";
import { word } from "./words.mjs";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  toast({ text: word("passkeyFailed"), tone: "wait" });
});
