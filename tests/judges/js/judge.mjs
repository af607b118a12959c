// Runs fal's unpatched JavaScript client with a fetch function that sends its requests to the fake.
// Reads FAKE_URL, FAL_KEY, CLIP_NAME and CLIP_BASE64 from the environment; prints what the client returned as one JSON
// object.
import { createFalClient, ApiError } from "@fal-ai/client";

const fake = process.env.FAKE_URL;
const endpoint = "fal-ai/ace-step/audio-to-audio";
const seen = {};

// The client requests URLs at fal's own hosts. The header x-judge-url keeps the original URL for the comparison.
const rewritten = (url, options = {}) => {
  const meant = new URL(url);
  const target = meant.host.endsWith("fal.run") || meant.host === "rest.fal.ai" ? fake + meant.pathname + meant.search : url;
  return fetch(target, { ...options, headers: { ...options.headers, "x-judge-url": String(url) } });
};
const control = (wanted) => fetch(`${fake}/_control`, { method: "POST", body: JSON.stringify(wanted) });
const fal = createFalClient({ credentials: process.env.FAL_KEY, fetch: rewritten });

const samples = Buffer.from(process.env.CLIP_BASE64, "base64");
const clip = new File([samples], process.env.CLIP_NAME, { type: "audio/flac" });
const url = await fal.storage.upload(clip, { lifecycle: { expiresIn: "1d" } });
seen.url = url;
seen.blob = await fal.storage.upload(new Blob([samples], { type: "audio/flac" }));

const input = { audio_url: url, original_tags: "noise", tags: "bossa nova", lyrics: "[inst]", seed: 7 };
const order = await fal.queue.submit(endpoint, { input, storageSettings: { expiresIn: "7d" } });
seen.order = order;
seen.status = (await fal.queue.status(endpoint, { requestId: order.request_id, logs: true })).status;

const words = [];
const onQueueUpdate = (update) => words.push(update.status);
await fal.queue.subscribeToStatus(endpoint, { requestId: order.request_id, logs: true, mode: "streaming", onQueueUpdate });
seen.streamed = words;
const result = await fal.queue.result(endpoint, { requestId: order.request_id });
seen.result = result;

const polled = [];
const subscribed = await fal.subscribe(endpoint, {
  input: { ...input, audio_url: clip }, logs: true, pollInterval: 50, onQueueUpdate: (update) => polled.push(update),
});
seen.polled = [...new Set(polled.map((update) => update.status))];
seen.subscribed = subscribed.data;

await control({ hold: "IN_QUEUE" });
const held = await fal.queue.submit(endpoint, { input });
const stream = await fal.queue.streamStatus(endpoint, { requestId: held.request_id, logs: true });
const first = await stream[Symbol.asyncIterator]().next();
seen.first = first.value.status;
await fal.queue.cancel(endpoint, { requestId: held.request_id });
seen.cancelled = (await stream.done()).status;

const refusal = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof ApiError ? { status: error.status, body: error.body } : { error: String(error) };
  }
};
seen.withdrawn = await refusal(() => fal.queue.result(endpoint, { requestId: held.request_id }));
seen.late = await refusal(() => fal.queue.cancel(endpoint, { requestId: order.request_id }));
seen.unknown = await refusal(() => fal.queue.cancel(endpoint, { requestId: "no-such-id" }));
await control({ release: true });
seen.invalid = await refusal(() => fal.subscribe(endpoint, { input: { ...input, number_of_steps: 99 } }));
console.log(JSON.stringify(seen));
