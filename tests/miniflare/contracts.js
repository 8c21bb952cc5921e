// The worker's entry with two more doors: behind one the worker's ports are held to their contracts, behind the other a piece of
// background work faults.
import { WorkerEntrypoint } from "cloudflare:workers";
import { contracts, fault } from "./build/index.js";

export * from "./src/platform/worker.js";
export { default } from "./src/platform/worker.js";

export class Contracts extends WorkerEntrypoint {
  async fetch() {
    return new Response(await contracts(this.env));
  }
}

export class Fault extends WorkerEntrypoint {
  async fetch() {
    const { reject } = Promise.withResolvers();
    try {
      fault();
    } catch (error) {
      // Nobody waits for it, as nobody does for work that goes on after a reply.
      reject(error);
    }
    return new Response();
  }
}
