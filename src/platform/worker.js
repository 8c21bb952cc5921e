// The worker's entry: it hands the compiled routes and every request to the wasm, and starts a fresh wasm after a fault.
import { DurableObject, env } from "cloudflare:workers";
import * as wasm from "../../build/index.js";
// Stands beside the built worker.
import routes from "./routes.json";
import { requestHead } from "./bridge.js";

const state = wasm.__worker_init_state();
let loaded = -1;

// After a panic the wasm's memory cannot be trusted: the next call begins with a new instance.
function ready() {
  if (state.criticalError) {
    wasm.__wbg_reset_state();
    state.criticalError = false;
  }
  if (loaded !== state.instanceId) {
    // As bytes, since the glue would copy a text letter by letter.
    wasm.load(new TextEncoder().encode(routes), env);
    loaded = state.instanceId;
  }
}

function suspect(error) {
  if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
}

addEventListener("error", (event) => suspect(event.error));
addEventListener("unhandledrejection", (event) => suspect(event.reason));

function failed(error) {
  suspect(error);
  console.error("archway:", error);
  return new Response('{"type":"urn:archway:problem:internal","title":"The gateway failed","status":500,"code":"internal"}\n', {
    status: 500,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

export default {
  fetch(request) {
    try {
      ready();
      const answer = wasm.handle(requestHead(request), request);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  },
};

/** A Durable Object whose methods are those of a class of the wasm; `alarm` is one of them where the class has it. */
function objectOf(className, methods) {
  class WasmObject extends DurableObject {
    #object;
    #instance = -1;

    call(method, argument) {
      try {
        ready();
        if (this.#instance !== state.instanceId) {
          this.#object = new wasm[className](this.ctx);
          this.#instance = state.instanceId;
        }
        return this.#object[method](argument);
      } catch (error) {
        suspect(error);
        throw error;
      }
    }
  }
  for (const method of methods) {
    WasmObject.prototype[method] = function (argument) {
      return this.call(method, argument);
    };
  }
  return WasmObject;
}

/** Counts for one subject; the counting itself is in the wasm. */
export const Limiter = objectOf("LimiterObject", ["take", "alarm"]);

/** Remembers which proofs were used; see `auth/replay.rs`. */
export const Replay = objectOf("ReplayObject", ["spend", "alarm"]);

/** Failed proofs of one subject, and how long it is held. */
export const Guesses = objectOf("GuessesObject", ["tell", "alarm"]);

/** One browser session. */
export const Session = objectOf("SessionObject", ["ask", "alarm"]);

/** Which sessions somebody has. */
export const SessionIndex = objectOf("SessionIndexObject", ["ask", "alarm"]);

/** A list of withdrawn tokens. */
export const Revocations = objectOf("RevocationsObject", ["ask", "alarm"]);
