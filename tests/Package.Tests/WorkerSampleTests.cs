using System.Buffers.Binary;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>
/// The samples <c>sample-app/sounds</c>, a class library with a public model that has a state, and <c>sample-app/worker</c>, a service that
/// reads a stream of sound through it.
/// </summary>
public sealed class WorkerSampleTests : IDisposable
{
    private const int Rate = 16_000;

    private static readonly string Sample = Path.Combine(SharedAssets.RepositoryRoot, "sample-app");

    private static readonly string Program = Path.Combine(
        Sample, "worker", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "worker.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("optimizerbuild-worker-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheModelIsTheOneThatIsWrittenHere()
    {
        string file = Path.Combine(Sample, "models", "sound-gate.onnx");
        if (Environment.GetEnvironmentVariable("UPDATE_BASELINES") == "1")
            File.WriteAllBytes(file, TestModels.SoundGate());
        Assert.Equal(TestModels.SoundGate(), File.ReadAllBytes(file));
    }

    [Fact]
    public void TheWorkerHearsWhatStandsOutOfTheSilence()
    {
        // Three seconds of faint noise with a tone from 1.0 to 1.5 s, and another one that does not end.
        var random = new Random(4);
        short[] samples = [.. Enumerable.Range(0, 3 * Rate).Select(i => (short)(random.Next(-30, 31)
            + (i is (>= Rate and < Rate * 3 / 2) or >= Rate * 5 / 2 ? 4000 * Math.Sin(2 * Math.PI * 440 * i / Rate) : 0)))];
        string[] said = Run(Wav(samples, Rate)).Succeeded().Output.Trim().Split('\n');
        Assert.Equal(2, said.Length);
        double[] times = [.. said.SelectMany(s => s.Split(' ')).Where(w => w.Contains('.', StringComparison.Ordinal))
            .Select(w => double.Parse(w, System.Globalization.CultureInfo.InvariantCulture))];
        // A few frames of 32 ms late.
        Assert.InRange(times[0], 1.0, 1.15);
        Assert.InRange(times[1], 1.5, 1.65);
        Assert.InRange(times[2], 2.5, 2.65);
        Assert.InRange(times[3], 2.9, 3.0);
    }

    [Fact]
    public void OtherStreamsAreRefused()
    {
        Assert.Equal(1, Run(Wav([1, 2, 3], 8000)).Says("16000 samples a second").ExitCode);
        Assert.Equal(1, Run("no sound"u8.ToArray()).Says("The stream ends").ExitCode);
        Assert.Equal(1, Run("no sound, but longer"u8.ToArray()).Says("no WAV stream").ExitCode);
    }

    private ProcessResult Run(byte[] stream)
    {
        string file = Path.Combine(_folder, "sound.wav");
        File.WriteAllBytes(file, stream);
        return DotNet.Run(_folder, Program, file);
    }

    private static byte[] Wav(short[] samples, int rate)
    {
        var file = new byte[44 + (samples.Length * sizeof(short))];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), rate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), rate * sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), samples.Length * sizeof(short));
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + (i * sizeof(short))), samples[i]);
        return file;
    }
}
