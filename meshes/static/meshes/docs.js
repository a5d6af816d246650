// The page of the API's description: Swagger UI, and a fresh token for each request that is tried.
"use strict";

(() => {
  const LIFE_S = 30;
  const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  const field = (name) => document.getElementById(`signing-${name}`);
  const value = (name) => field(name).value.trim();
  const bytes = (text) => new TextEncoder().encode(text);

  const base64url = (raw) =>
    btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const said = (object) => base64url(bytes(JSON.stringify(object)));

  const state = () => {
    const given = ["organization", "access", "secret"].filter((name) => value(name));
    if (!given.length) return "";
    if (!window.crypto.subtle) return "Browsers sign only on https:// addresses and on localhost.";
    if (given.length < 3) return "Fill in all three.";
    if (!ID.test(value("organization"))) return "The organization id is not a UUID.";
    return "Requests are signed.";
  };

  const token = async () => {
    const now = Math.floor(Date.now() / 1000);
    const access = value("access");
    const claims = { iss: `urn:meshes:m2m:${access}`, aud: "meshes-api", org: value("organization") };
    const head = said({ alg: "HS256", typ: "JWT", kid: access });
    const text = `${head}.${said({ ...claims, iat: now, exp: now + LIFE_S })}`;
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes(value("secret")), hmac, false, ["sign"]);
    return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text))))}`;
  };

  const sign = async (request) => {
    if (!request.loadSpec && state() === "Requests are signed.") {
      request.headers.Authorization = `Bearer ${await token()}`;
    }
    return request;
  };

  const show = () => {
    document.getElementById("signing-state").textContent = state();
  };
  for (const name of ["organization", "access", "secret"]) field(name).addEventListener("input", show);

  window.SwaggerUIBundle({
    url: document.getElementById("swagger-ui").dataset.schema,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    requestInterceptor: sign,
  });
})();
