using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// The work of a build grows as the model does: four times as many nodes cost four times as many looks at nodes and four times as much
/// memory passed through, but for logarithms. Anything quadratic would show as sixteen times as many.
/// </summary>
public sealed class BuildCostTests : IDisposable
{
    private const int Small = 1000;
    private const int Times = 4;
    private const double Greatest = 5.5;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Chains of one kind of node each, and what becomes of them in float32 and in integers.</summary>
    public static TheoryData<string, bool> Chains => new()
    {
        { "add", true },
        { "add tensors", true },
        { "relu", true },
        { "sigmoid", false },
        { "clip", true },
        { "reshape", true },
        { "transpose", true },
        { "folded", true },
        { "concat", false },
        { "convolutions", false },
        { "residual", false },
        { "products", true },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public void WorkGrowsAsTheModelDoes(string kind, bool integers)
    {
        ModelPrecision precision = integers ? ModelPrecision.Auto : ModelPrecision.Float32;
        int small = kind == "products" ? Small / 10 : Small;
        Build(kind, 8, precision);
        (long reads, long bytes) = Build(kind, small, precision);
        (long manyReads, long manyBytes) = Build(kind, Times * small, precision);

        string figures = $"{reads} reads and {bytes} bytes for {small} nodes, {manyReads} and {manyBytes} for {Times} times as many";
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(manyReads < Greatest * reads && manyBytes < Greatest * bytes, figures);
    }

    // How often nodes are read, and how much memory is allocated, from the file to the plan's text.
    private (long Reads, long Bytes) Build(string kind, int nodes, ModelPrecision precision)
    {
        string path = _folder[$"{kind}-{nodes}.onnx"];
        File.WriteAllBytes(path, Chain(kind, nodes).Bytes);
        var options = new ModelOptions { ModelPath = path, Name = "m", ClassName = "M", Precision = precision };
        long reads = NodeReads.Count, bytes = GC.GetAllocatedBytesForCurrentThread();
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        PlanWriter.Write(outcome.Plan);
        return (NodeReads.Count - reads, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    private static ModelBuilder Chain(string kind, int nodes)
    {
        var model = new ModelBuilder().Input("v0", 1, 4, 3, 3).Output("v" + nodes);
        Tensor kernel = Tensor.Of([.. Enumerable.Range(0, 144).Select(i => (float)Math.Sin(i) / 3)], 4, 4, 3, 3);
        for (int i = 0; i < nodes; i++)
        {
            string x = Name(i), y = Name(i + 1), c = "c" + Text(i);
            switch (kind)
            {
                case "add":
                    model.Constant(c, Tensor.Scalar(i + 0.5f)).Node("Add", $"{x},{c}", y);
                    break;
                case "add tensors":
                    model.Node("Add", $"{x},{Name(Math.Max(0, i - 2))}", y);
                    break;
                case "relu":
                    model.Node(i % 2 == 0 ? "Relu" : "Neg", x, y);
                    break;
                case "sigmoid":
                    model.Node("Sigmoid", x, y);
                    break;
                case "clip":
                    model.Constant(c, Tensor.Scalar((float)i)).Node("Clip", $"{x},,{c}", y);
                    break;
                case "reshape":
                    long[] shape = i % 2 == 0 ? [1, 36] : [1, 4, 3, 3];
                    model.Constant(c, Tensor.Of(shape, shape.Length)).Node("Reshape", $"{x},{c}", y);
                    break;
                case "transpose":
                    model.Node(i % 3 == 2 ? "Sigmoid" : "Transpose", x, y, i % 3 == 2 ? [] : [("perm", new long[] { 0, 2, 3, 1 })]);
                    break;
                case "folded":
                    if (i == 0)
                        model.Constant("k0", Tensor.Of(new float[36], 1, 4, 3, 3));
                    model.Node("Sigmoid", "k" + Text(i), "k" + Text(i + 1));
                    if (i == nodes - 1)
                        model.Node("Add", $"v0,k{Text(nodes)}", y);
                    break;
                case "concat":
                    model.Node("Split", x, $"{x}a,{x}b", ("axis", 1), ("num_outputs", 2)).Node("Concat", $"{x}b,{x}a", y, ("axis", 1));
                    break;
                case "convolutions":
                    model.Constant(c, kernel).Node("Conv", $"{x},{c}", x + "c", ("pads", new long[] { 1, 1, 1, 1 }))
                        .Node("Relu", x + "c", y);
                    break;
                case "residual":
                    model.Constant(c, kernel).Node("Conv", $"{x},{c}", x + "c", ("pads", new long[] { 1, 1, 1, 1 }))
                        .Node("Relu", x + "c", x + "r").Node("Add", $"{x},{x}r", y);
                    break;
                default:
                    model.Constant(c, Tensor.Of(kernel.Values<float>()[..9], 3, 3)).Node("MatMul", $"{x},{c}", x + "m")
                        .Node("Tanh", x + "m", y);
                    break;
            }
        }
        return model;
    }

    private static string Name(int i) => "v" + Text(i);

    private static string Text(int i) => i.ToString(CultureInfo.InvariantCulture);
}
