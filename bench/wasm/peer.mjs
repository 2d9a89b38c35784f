// Runs a model in ONNX Runtime Web on one thread. Arguments: the module's address, the model file, seconds, and for each input its type,
// and its dimensions separated by commas. Prints the microseconds of the fastest run and the milliseconds to the end of the first one.
import fs from 'node:fs';
const [module, file, seconds, ...inputs] = process.argv.slice(2);
const begin = performance.now();
const ort = await import(module);
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const session = await ort.InferenceSession.create(fs.readFileSync(file), { executionProviders: ['wasm'], logSeverityLevel: 3 });
const arrays = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, int64: BigInt64Array };
const feeds = {};
for (let i = 0; i < inputs.length; i += 2) {
  const type = inputs[i];
  const dimensions = inputs[i + 1].split(',').map(Number);
  const data = new arrays[type](dimensions.reduce((a, b) => a * b, 1));
  for (let k = 0; k < data.length; k++) {
    const value = (k * 7) % 256;
    data[k] = type === 'float32' ? value / 256 : type === 'int64' ? BigInt(value) : value;
  }
  feeds[session.inputNames[i / 2]] = new ort.Tensor(type, data, dimensions);
}
await session.run(feeds);
const first = performance.now() - begin;
let fastest = Infinity;
for (let part = 0; part < 2; part++) {
  fastest = Infinity;
  const end = performance.now() + seconds * 500;
  do {
    const start = performance.now();
    await session.run(feeds);
    fastest = Math.min(fastest, performance.now() - start);
  } while (performance.now() < end);
}
console.log((fastest * 1000).toFixed(1), first.toFixed(1));
