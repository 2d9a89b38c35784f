using System.Globalization;
using System.Text;

namespace OptimizerBuild.Bench.Models;

/// <summary>
/// Calibration data for models with random weights, which have none: seeded noise, of the kind on which their answers are compared, as a
/// NumPy file, so that it takes the way of a user's data.
/// </summary>
internal static class NoiseCalibration
{
    /// <summary>How many samples, where <c>bench/models.json</c> does not say.</summary>
    public const int Samples = 16;

    private static readonly Dictionary<string, string> Written = new(StringComparer.Ordinal);

    /// <summary>The file with noise from 0 to 1 for one input; written once in a process, which deletes it in the end.</summary>
    /// <param name="dimensions">The dimensions of a sample, without the batch.</param>
    /// <param name="samples">How many samples.</param>
    public static string File(IReadOnlyList<int> dimensions, int samples)
    {
        string shape = string.Join(", ", dimensions.Prepend(samples));
        lock (Written)
        {
            if (!Written.TryGetValue(shape, out string? path))
            {
                Written[shape] = path = Path.Combine(Path.GetTempPath(),
                    string.Create(CultureInfo.InvariantCulture, $"optimizerbuild-bench-{Environment.ProcessId}-{Written.Count}.npy"));
                Write(path, shape, samples * dimensions.Aggregate(1, (a, b) => a * b));
                AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.Delete(path);
            }
            return path;
        }
    }

    private static void Write(string path, string shape, int count)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}";
        header = header.PadRight(((10 + header.Length + 1 + 63) / 64 * 64) - 11) + "\n";
        using var stream = new FileStream(path, FileMode.Create);
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        stream.Write(PatternInput.Noise(count, "float", seed: 20260101));
    }
}
