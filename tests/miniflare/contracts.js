// The worker's entry with one more door: behind it the worker's ports are held to their contracts.
import { WorkerEntrypoint } from "cloudflare:workers";
import { contracts } from "./build/index.js";

export { default, Limiter } from "./src/platform/worker.js";

export class Contracts extends WorkerEntrypoint {
  async fetch() {
    return new Response(await contracts(this.env));
  }
}
