// Nothing at all: how long the runtime itself takes to start.
export default {
  fetch() {
    return new Response("ok");
  },
};
