using System.Globalization;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>All kernels on WebAssembly, where this assembly runs under Node.js.</summary>
public sealed class WebAssemblyTests : IClassFixture<WebAssemblyTests.App>
{
    // Far above the rounding of sums without fused multiply-add, far below any mistake.
    private const double LargestRounding = 2e-5;

    private readonly App _app;

    public WebAssemblyTests(App app) => _app = app;

    /// <summary>
    /// What may differ from the oracle, and does: WebAssembly's vectors have no fused multiply-add, so that their products are rounded
    /// before they are added. The start-up path's scalar code has one in software, and gives the oracle's bytes where it is used.
    /// </summary>
    private static IEnumerable<string> RoundedTwice =>
    [
        .. Ways("Float32Dense.Run", "kernel", "large"),
        .. Ways("Float32Convolution.Run", "kernel", "large"),
        .. Ways("Float32SparseDense.Run", "kernel", "large"),
        .. Ways("Float32SparseConvolution.Run", "kernel", "large"),
        .. Ways("Float32NarrowConvolution.Run", "kernel", "large"),
        .. Ways("Float32Depthwise.Run", "kernel", "large"),
        .. Ways("Float32MatMul.Run", "kernel", "starting", "large"),
        .. Ways("Float32Softmax.Run", "kernel", "starting", "large"),
        .. Ways("Float32Softmax.Logarithm", "kernel", "starting", "large"),
        .. Ways("Float32LayerNormalization.Run", "kernel", "starting", "large"),
        .. Ways("Float32LayerNormalization.WithStatistics", "kernel", "starting", "large"),
        .. Ways("Float32Resample.Run", "kernel"),
        .. Ways("Float32Lstm.Run", "kernel", "large"),
        .. Ways("Float32Gru.Run", "kernel", "large"),
        .. Ways("Float32Rnn.Run", "kernel", "large"),
        .. Ways("Int8Lstm.Run", "kernel", "large"),
        .. Ways("Int8Gru.Run", "kernel", "large"),
        .. Ways("Int8Rnn.Run", "kernel", "large"),
        .. Ways("Float32Unary.Sigmoid", "kernel"),
        .. Ways("Float32Unary.HardSigmoid", "kernel"),
        .. Ways("Float32Unary.HardSwish", "kernel"),
        .. Ways("Float32Unary.Elu", "kernel"),
        .. Ways("Float32Unary.Exp", "kernel"),
        .. Ways("Float32Unary.Tanh", "kernel"),
        .. Ways("Float32Unary.Log", "kernel"),
        .. Ways("Float32Unary.Erf", "kernel"),
        .. Ways("Float32Unary.Affine", "kernel"),
        .. Ways("Float32Activation.Mish", "kernel"),
    ];

    [Fact]
    public void Every_other_kernel_gives_the_oracles_bytes()
    {
        NodeJs.Require();
        DigestReport report = DigestReport.Parse(_app.Run("digest").Output);

        Assert.Equal("vector128", report.Path);
        Assert.True(report.Supports["packedsimd"]);
        report.AssertPaths();
        // Which of them happen to give the same bytes nevertheless follows from the numbers that the cases draw.
        string[] differences = [.. report.Differences()];
        Assert.Empty(differences.Except(RoundedTwice));
        Assert.InRange(differences.Length, RoundedTwice.Count() * 3 / 4, int.MaxValue);
        report.Record("wasm");
    }

    [Fact]
    public void Float32_kernels_differ_by_rounding_only()
    {
        NodeJs.Require();
        string[][] lines = [.. _app.Run("rounding").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
            line.Split(' '))];

        foreach (string[] line in lines)
            Assert.True(double.Parse(line[2], CultureInfo.InvariantCulture) < LargestRounding, string.Join(' ', line));
        // Recurrent layers with s8 weights round their state to 16 bits, where the last bit of a gate may make another level.
        HashSet<string> rounded = [.. RoundedTwice.Select(name => name.Split(' ')[1])
            .Where(k => k.StartsWith("Float32", StringComparison.Ordinal))];
        int differing = rounded.Count;
        rounded.IntersectWith(lines.Where(line => double.Parse(line[2], CultureInfo.InvariantCulture) > 0).Select(line => line[1]));
        Assert.InRange(rounded.Count, differing * 3 / 4, differing);
    }

    [Fact]
    public void Compiled_ahead_of_time_every_kernel_gives_the_interpreters_bytes()
    {
        NodeJs.Require();
        WasmWorkload.Require();
        string[] interpreted = Lines(_app.Run("digest"));
        using var compiled = new WebAssemblyApp(
            typeof(WebAssemblyTests).Assembly, [typeof(Workspace).Assembly, typeof(Assert).Assembly], compiled: true);

        Assert.Equal(interpreted, Lines(compiled.Run("digest").Succeeded()));
        Assert.InRange(interpreted.Length, 100, int.MaxValue);

        static string[] Lines(ProcessResult result) => result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static IEnumerable<string> Ways(string kernel, params string[] ways) => ways.Select(way => $"{way} {kernel}");

    /// <summary>The app, published when the first test runs.</summary>
    public sealed class App : IDisposable
    {
        private readonly Lazy<WebAssemblyApp> _app = new(() =>
            new WebAssemblyApp(typeof(WebAssemblyTests).Assembly, [typeof(Workspace).Assembly, typeof(Assert).Assembly]));

        /// <summary>Runs a command of this assembly.</summary>
        public ProcessResult Run(string command) => _app.Value.Run(command).Succeeded();

        public void Dispose()
        {
            if (_app.IsValueCreated)
                _app.Value.Dispose();
        }
    }
}
