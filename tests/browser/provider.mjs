// An OpenID Connect provider on loopback: the npm package `oidc-provider` with its own pages for login and consent. It counts what
// its token endpoint is asked.
import { once } from "node:events";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const SECRET = "the-clients-secret-of-at-least-thirty-two-bytes";

function client(id, gateway, backchannel, path) {
  return {
    client_id: id,
    client_secret: SECRET,
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [`${gateway}${path}/callback`],
    post_logout_redirect_uris: [`${gateway}/bye`],
    backchannel_logout_uri: `${backchannel}${path}/backchannel-logout`,
    backchannel_logout_session_required: true,
    scope: "openid email",
  };
}

/** Starts a provider for the gateway that browsers know as `gateway`, and that the provider itself reaches at `backchannel`. */
export async function startProvider(gateway, backchannel) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client("app", gateway, backchannel, "/.archway/oidc"), client("short", gateway, backchannel, "/.archway/short")],
    cookies: { keys: ["a key for the tests alone"] },
    claims: { openid: ["sub"], email: ["email", "roles"] },
    conformIdTokenClaims: false,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.com`, roles: ["reader"] }) }),
    // It would not talk to this machine by itself.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    pkce: { required: () => true },
    // The first token of `short` is soon over, a renewed one lasts.
    ttl: {
      AccessToken: (_, token, client) => (client.clientId === "short" && !token.gty?.includes("refresh_token") ? 1 : 3600),
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
  });
  const asked = [];
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === "/token") asked.push(ctx.oidc?.params?.grant_type);
  });
  server.on("request", provider.callback());
  return {
    issuer,
    secret: SECRET,
    /** How often the token endpoint was asked with this grant type. */
    asked: (grantType) => asked.filter((type) => type === grantType).length,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
