// The least a proxy can do on this runtime: the measure of everything else.
export default {
  fetch(request, env) {
    const { url } = request;
    return fetch(env.ORIGIN + url.slice(url.indexOf("/", 8)), request);
  },
};
