using System.Globalization;
using Microsoft.Extensions.Hosting;
using Sounds;

namespace SoundWorker;

/// <summary>
/// Says when something is to be heard. The model takes 32 ms of sound at a time and remembers how loud the silence is; what it remembers
/// is this service's, so that several streams could share one model.
/// </summary>
internal sealed class SoundWatcher(Func<Stream> open, IHostApplicationLifetime lifetime) : BackgroundService
{
    // Sound begins above the one and ends below the other, so that it does not flicker.
    private const float Begin = 0.6f;
    private const float End = 0.4f;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using Stream stream = open();
            await WatchAsync(await WavStream.OpenAsync(stream, stoppingToken), stoppingToken);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            Environment.ExitCode = 1;
        }
        lifetime.StopApplication();
    }

    private static async Task WatchAsync(WavStream sound, CancellationToken cancellation)
    {
        var model = new SoundGate();
        var state = new SoundGate.State();
        var frame = new float[SoundGate.Info.InputLength];
        double? begun = null;
        double time = 0;
        for (; await sound.ReadAsync(frame, cancellation); time += (double)frame.Length / WavStream.Rate)
        {
            float active = model.Predict(frame, state)[0];
            if (begun is null && active > Begin)
            {
                begun = time;
            }
            else if (begun is { } from && active < End)
            {
                Say(from, time);
                begun = null;
            }
        }
        if (begun is { } last)
            Say(last, time);
    }

    private static void Say(double from, double to) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sound from {from:F2} s to {to:F2} s"));
}
