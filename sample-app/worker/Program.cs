using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SoundWorker;

// worker street.wav, or what a recorder writes: arecord -f S16_LE -r 16000 | worker
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSingleton<Func<Stream>>(() => args is [var file, ..] ? File.OpenRead(file) : Console.OpenStandardInput());
builder.Services.AddHostedService<SoundWatcher>();
await builder.Build().RunAsync();
return Environment.ExitCode;
