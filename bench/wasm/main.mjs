// Runs the app in the WebAssembly runtime of .NET; the arguments are the app's.
import { dotnet } from './_framework/dotnet.js';
const { runMain } = await dotnet.withApplicationArguments(...process.argv.slice(2)).create();
process.exitCode = await runMain();
