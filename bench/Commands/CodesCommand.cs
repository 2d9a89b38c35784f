using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>codes</c>: each code of stored weights on made-up weights of the kinds that it is for: how short it is, and how fast it is decoded.
/// </summary>
internal sealed class CodesCommand : BenchCommand
{
    private const int Repetitions = 9;
    private const double LeastSeconds = 0.3;

    private static readonly int[] Counts = [4_000, 400_000];

    private static readonly Table<CodeRow> Columns = new(
        new("weights", r => r.Weights, Width: 18),
        new("bytes", r => r.Bytes, "N0", 9),
        new("code", r => r.Code, Width: 9),
        new("coded", r => r.Coded, "N0", 9),
        new("MB/s", r => r.Megabytes, "F0", 7) { Title = "decoded MB/s" });

    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public CodesCommand()
        : base("codes", "Length and decoding speed of each code of stored weights") => _files = new(this);

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        List<CodeRow> rows = Columns.Print(
            from count in Counts
            from content in Contents(count)
            from code in WeightCode.All
            let coded = Code(code, content.Bytes, content.Width, content.Step)
            where coded is not null && (code.Rank == 0 || coded.Length < content.Bytes.Length / content.Step * content.Width)
            select new CodeRow(
                content.Name, count, code.Name, coded.Length, Speed(code, coded, count, content.Width, content.Step)));
        _files.Write(line, rows, Markdown);
        return 0;
    }

    private static string Markdown(IReadOnlyList<CodeRow> rows) => Document.Of(
        "codes",
        $"Sections of made-up weights in each code that makes them shorter, and how fast they are decoded (weights in memory; best of "
            + $"{Repetitions} or more, one thread of {Machine.Processor}, {RuntimeInformation.FrameworkDescription}, decoders compiled).",
        Columns.Markdown(rows));

    private static byte[]? Code(WeightCode code, byte[] bytes, int width, int step) =>
        code.Encode(new(bytes, 0, bytes.Length / step, width, step));

    // Normal weights in 8 and 4 bits, with zeros, with two of four, ternary, binary, and one byte of each of four.
    private static IEnumerable<(string Name, byte[] Bytes, int Width, int Step)> Contents(int count)
    {
        var random = new RandomSource("weights of codes");
        // A sum of twelve is near enough to a normal number.
        double Normal() => Enumerable.Range(0, 12).Sum(_ => random.NextUnit()) - 6;
        byte Rounded(double scale, int most) => unchecked((byte)(sbyte)Math.Clamp(Math.Round(scale * Normal()), -most, most));
        byte[] Bytes(Func<int, byte> next) => [.. Enumerable.Range(0, count).Select(next)];

        yield return ("8 bits", Bytes(_ => Rounded(30, 127)), 1, 1);
        yield return ("4 bits", Bytes(_ => Rounded(2.5, 7)), 1, 1);
        yield return ("8 bits, 80 % zero", Bytes(_ => random.NextBelow(5) > 0 ? (byte)0 : Rounded(30, 127)), 1, 1);
        yield return ("8 bits, 95 % zero", Bytes(_ => random.NextBelow(20) > 0 ? (byte)0 : Rounded(30, 127)), 1, 1);
        yield return ("2:4", Bytes(i => i % 4 < 2 ? Rounded(30, 127) : (byte)0), 1, 1);
        yield return ("ternary", Bytes(_ => unchecked((byte)(random.NextBelow(3) - 1))), 1, 1);
        yield return ("binary", Bytes(i => i % 256 > 250 ? (byte)0 : unchecked((byte)((random.NextBelow(2) * 2) - 1))), 1, 1);
        yield return ("byte of float32", Bytes(i => i % 4 == 0 ? (byte)(124 - (byte)Math.Min(Math.Abs(2 * Normal()), 9)) : (byte)0), 1, 4);
        var shared = new float[count / 4];
        for (int i = 0; i < shared.Length; i++)
            shared[i] = (random.NextBelow(16) - 8) / 10f;
        yield return ("16 of float32", MemoryMarshal.AsBytes(shared.AsSpan()).ToArray(), 4, 4);
    }

    private static double Speed(WeightCode code, byte[] coded, int bytes, int width, int step)
    {
        var workspace = new Workspace(PackedWeights.Of(coded), bytes);
        StepCall call = KernelBinder.Bind(new PlanCall(code.Kernel, "Decode", "", "", 0, new(
            [new PlanArgument.Integers("sections", new([0, coded.Length, 0, bytes / step, width, step]))])));
        double best = double.PositiveInfinity;
        long first = Stopwatch.GetTimestamp();
        for (int i = 0; i < Repetitions || Stopwatch.GetElapsedTime(first).TotalSeconds < LeastSeconds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            call(workspace);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        // Of single bytes of larger elements only these count.
        return bytes / step * width / best / 1e6;
    }

    private sealed record CodeRow(string Weights, int Bytes, string Code, int Coded, double Megabytes);
}
