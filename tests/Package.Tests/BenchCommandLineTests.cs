using System.Text.Json;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>The benchmark's command line, as its own program reads it; nothing is measured but the bytes of a small model.</summary>
public class BenchCommandLineTests
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
    private static readonly string Program =
        Path.Combine(SharedAssets.RepositoryRoot, "bench", "bin", Configuration, "net10.0", "OptimizerBuild.Bench.dll");

    private const string Models =
        "--models sample-app/models/fashion-mobilenet.onnx README.md --metadata InputType=UInt8 --metadata Task=Regression";

    private static readonly string[] Complete =
    [
        $"compare {Models} --precision Int8 --threads 2 --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        $"layers {Models} --precision Int8 --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        $"isa {Models} --precision Int8 --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        "compare --models resnet18 --seconds 0.5",
        "kernels --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        "kernels --assert --sweep --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        $"threads {Models} --precision Int8 --threads 2 --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        $"first {Models} --precision Int8 --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        "images --seconds 0.5 --json a --markdown b --frameworks net10.0 net11.0",
        "startup --seconds 0.5 --json a --markdown b",
        "debug --seconds 0.5 --json a --markdown b",
        $"wasm {Models} --precision Int8 --seconds 0.5 --aot --json a --markdown b",
        $"digests {Models} --json a --against README.md --frameworks net10.0 net11.0",
        $"compression {Models} --precision Int8 --with Clusters=16;EntropyCoding=True --json a --markdown b",
        $"equalization {Models} --precision Int8",
        "growth --layers 1 4 --file README.md --json a --markdown b",
        $"record {Models} --seconds 0.5 --markdown b --frameworks net10.0 net11.0",
    ];

    /// <summary>Each command with all of its options.</summary>
    public static TheoryData<string> Lines => new(Complete);

    /// <summary>Lines with one mistake, and what is said about it.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "kernels --models README.md", "--models" },
        { "digests --seconds 1", "--seconds" },
        { "compare --precison Int8", "--precison" },
        { "compare --models no-such-file.onnx", "no-such-file.onnx" },
        { "compare --metadata Precision", "--metadata needs Name=Value" },
        { "compare --seconds 0", "--seconds should be a number from 0.01 to 600" },
        { "threads --threads many", "many" },
        { "kernels --frameworks net9.0", "net9.0" },
        { "startup --frameworks net10.0", "--frameworks" },
        { "growth --layers 0", "--layers should be a number from 1 to 400" },
        { "compares", "compares" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void CommandsTakeTheirOptions(string line) => Run("[diagram] " + line).Succeeded().Says(line.Split(' ')[0]);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void MistakesAreErrors(string line, string said)
    {
        ProcessResult result = Run(line).Says(said);
        Assert.Equal(1, result.ExitCode);
    }

    // Each technique, as mildly as a network of 64 inputs stands it.
    private static readonly string[] Mild =
    [
        "Metric=Top1", "EntropyCoding=True", "Precision=Float32;Clusters=16", "Clusters=16", "Precision=Int4", "Sparsity=0.5",
        "SparsityPattern=Block;Sparsity=0.3", "SparsityPattern=2:4", "Precision=Ternary", "Precision=Binary", "Precision=Mixed",
    ];

    /// <summary>The short form of what makes <c>bench/results/compression.md</c>: a small model under one technique at a time.</summary>
    [Fact]
    public void CompressionKeepsAccuracyInFewerBytes()
    {
        SharedAssets.Require();
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string json = Path.Combine(folder, "figures.json"), markdown = Path.Combine(folder, "figures.md");
            string model = SharedAssets.Path("models/trained/digits-mlp.onnx");
            string combinations = string.Join(' ', Mild.Select(m => "--with " + m));
            Run($"compression --models {model} {combinations} --json {json} --markdown {markdown}").Succeeded();
            using var figures = JsonDocument.Parse(File.ReadAllText(json));
            JsonElement[] rows = [.. figures.RootElement.EnumerateArray()];
            Assert.Equal(Mild.Length, rows.Length);
            int plain = Bytes(rows[0]);
            foreach ((JsonElement row, int i) in rows.Select((row, i) => (row, i)))
            {
                string metadata = Metadata(row);
                Assert.Contains($"| {metadata} |", File.ReadAllText(markdown), StringComparison.Ordinal);
                double whole = row.GetProperty("floatAccuracy").GetDouble(), compressed = row.GetProperty("accuracy").GetDouble();
                bool isSigns = metadata.Contains("nary", StringComparison.Ordinal);
                Assert.True(compressed > whole - (isSigns ? 0.12 : 0.05), $"{metadata}: {whole} → {compressed}");
                bool isFloat = metadata.Contains("Float32", StringComparison.Ordinal);
                Assert.True(Bytes(row) < plain || isFloat || i == 0, $"{metadata}: {Bytes(row)} bytes");
                Assert.Equal(isFloat, row.GetProperty("decibels").ValueKind == JsonValueKind.Null);
                Assert.Equal(i == 0, row.GetProperty("decodedMegabytes").ValueKind == JsonValueKind.Null);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static string Metadata(JsonElement row) => row.GetProperty("metadata").GetString()!;
        static int Bytes(JsonElement row) => row.GetProperty("bytes").GetInt32();
    }

    [Fact]
    public void HelpListsTheCommandsButNotThoseOfChildProcesses()
    {
        ProcessResult help = Run("--help").Succeeded();
        foreach (string line in Complete)
            help.Says(line.Split(' ')[0]);
        Assert.DoesNotContain("child", help.Output);
    }

    private static ProcessResult Run(string line) => DotNet.Run(SharedAssets.RepositoryRoot, [Program, .. line.Split(' ')]);
}
