using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Calibration data for models that only have seeded inputs: those inputs and more noise of the same kind (uniform in 0…1), written as
/// a NumPy file, so that it takes the way of a user's data.
/// </summary>
internal static class GoldenCalibration
{
    private const int NoiseSamples = 14;

    /// <summary>The file for a model; written once in a process.</summary>
    public static string File(string name, IReadOnlyList<Tensor> golden)
    {
        string path = Path.Combine(Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"optimizerbuild-{Environment.ProcessId}-{name}.npy"));
        lock (typeof(GoldenCalibration))
        {
            if (!System.IO.File.Exists(path))
            {
                Write(path, golden);
                AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.Delete(path);
            }
        }
        return path;
    }

    private static void Write(string path, IReadOnlyList<Tensor> golden)
    {
        int count = golden[0].Count;
        var random = new Random(20260101);
        var values = new List<float>();
        foreach (Tensor tensor in golden)
            values.AddRange(tensor.Values<float>());
        for (int i = 0; i < NoiseSamples * count; i++)
            values.Add(random.NextSingle());
        string dimensions = string.Join(", ", golden[0].Dimensions.Skip(1).Prepend(golden.Count + NoiseSamples));
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({dimensions}), }}";
        header = header.PadRight(((10 + header.Length + 1 + 63) / 64 * 64) - 11) + "\n";
        using var stream = new FileStream(path, FileMode.Create);
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        stream.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)));
    }
}
