using Microsoft.AspNetCore.Components.WebAssembly.Hosting;
using SampleDrawing;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<Drawing>("#app");
await builder.Build().RunAsync();
