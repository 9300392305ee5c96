// Sends an operation by HTTP.

/** Returns the status and the body of the response. Throws what GraphiQL can print. */
export async function post(url, params, headers) {
  let response;
  let body;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        ...headers,
      },
      body: JSON.stringify(params),
    });
    body = await response.text();
  } catch (error) {
    // GraphiQL prints a thrown Error with its stack, but a plain object without one.
    throw { message: `The request to ${url} failed: ${error.message}` };
  }
  try {
    return { status: response.status, body: JSON.parse(body) };
  } catch {
    const status = `${response.status} ${response.statusText}`.trim();
    throw { message: `The server responded with ${status}, but not with JSON.`, extensions: { body } };
  }
}
