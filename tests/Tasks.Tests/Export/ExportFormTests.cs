using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Export;

/// <summary>Operators that only this build knows, written with those of ONNX and run by ONNX Runtime.</summary>
public sealed class ExportFormTests
{
    private const float Tolerance = 1e-5f;

    // The importer takes no rows of which only run-time data tell the number further; ONNX Runtime changes letters only where the
    // machine has the locale en_US.
    [Flags]
    private enum Readers
    {
        Importer = 1,
        OnnxRuntime = 2,
    }

    [Theory]
    [InlineData("linear", "half_pixel", 0)]
    [InlineData("cubic", "align_corners", 0)]
    [InlineData("linear", "pytorch_half_pixel", 1)]
    public void Resampling(string mode, string coordinates, int antialias) => Check(
        new ModelBuilder().Input("x", 1, 3, 6, 5).Constant("none", Tensor.Of(Array.Empty<float>(), 0))
            .Constant("sizes", Tensor.Of([1L, 3, 4, 9], 4))
            .Node("Resize", "x,none,none,sizes", "y", ("mode", mode), ("coordinate_transformation_mode", coordinates),
                ("antialias", antialias)).Output("y"),
        Noise(1, 1, 3, 6, 5));

    [Fact]
    public void ResamplingBetweenConvolutions() => Check(
        new ModelBuilder().Input("x", 1, 3, 6, 5).Constant("w", Noise(2, 4, 3, 3, 3)).Constant("v", Noise(3, 2, 4, 1, 1))
            .Constant("none", Tensor.Of(Array.Empty<float>(), 0)).Constant("scales", Tensor.Of([1f, 1, 2, 2], 4))
            .Node("Conv", "x,w", "a", ("pads", (long[])[1, 1, 1, 1])).Node("Relu", "a", "r")
            .Node("Resize", "r,none,scales", "s", ("mode", "linear")).Node("Conv", "s,v", "y").Output("y"),
        Noise(4, 1, 3, 6, 5));

    [Theory]
    [InlineData("none")]
    [InlineData("add")]
    [InlineData("mul")]
    [InlineData("max")]
    [InlineData("min")]
    public void Scattering(string reduction) => Check(
        new ModelBuilder().Input("x", 4, 3).Input("i", ElementType.Int64, 2, 3).Input("u", 2, 3)
            .Node("ScatterElements", "x,i,u", "y", ("axis", 0), ("reduction", reduction)).Output("y"),
        Noise(1, 4, 3), Tensor.Of([3L, 0, 1, -1, 2, 0], 2, 3), Noise(2, 2, 3));

    [Fact]
    public void PlacesThatAreFew() => Check(
        new ModelBuilder().Input("x", 6).Input("c", ElementType.Bool, 6).Node("Compress", "x,c", "y").Output("y"),
        Noise(1, 6), Tensor.Of([true, false, false, true, true, false], 6));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Boxes(int center) => Check(Readers.OnnxRuntime,
        new ModelBuilder().Input("boxes", 1, 6, 4).Input("scores", 1, 2, 6)
            .Constant("most", Tensor.Of([3L], 1)).Constant("overlap", Tensor.Of([0.4f], 1)).Constant("least", Tensor.Of([0.2f], 1))
            .Node("NonMaxSuppression", "boxes,scores,most,overlap,least", "y", ("center_point_box", center)).Output("y"),
        Tensor.Of([.. Enumerable.Range(0, 24).Select(i => (i % 4 < 2 ? 0.1f * (i / 8) : 1) + (0.05f * (i % 3)))], 1, 6, 4),
        Tensor.Of([.. Enumerable.Range(0, 12).Select(i => i * 5 % 12 / 12f)], 1, 2, 6));

    [Theory]
    [InlineData("LOWER")]
    [InlineData("UPPER")]
    public void Letters(string action) => Check(Readers.Importer,
        new ModelBuilder().Input("x", ElementType.String, 3).Node("StringNormalizer", "x", "y", ("case_change_action", action)).Output("y"),
        Tensor.Of(["Abc", "xYz", ""], 3));

    [Theory]
    [InlineData("SUM", false)]
    [InlineData("AVERAGE", false)]
    [InlineData("MIN", false)]
    [InlineData("MAX", false)]
    [InlineData("SUM", true)]
    public void Trees(string aggregate, bool isDouble)
    {
        for (int seed = 0; seed < 8; seed++)
        {
            // Each leaf has a weight for each target: what stands for one that no leaf names differs between runtimes.
            var trees = new RandomTrees(seed, new()
            {
                IsDouble = isDouble, Targets = 2, HasLeafTrees = true, Names = _ => [0, 1], TracksMissing = false, Modes = [0, 1, 2, 3],
            });
            Check(trees.Regressor(4, aggregate), trees.Rows(4));
        }
    }

    [Fact]
    public void NodesWithoutFormAreNamedBeforeAnythingElseIsDone()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.String, 2)
            .Node("StringSplit", "x", "a,n", ("delimiter", ","), ("maxsplit", 1))
            .Node("StringSplit", "x", "b,m", ("delimiter", ";"), ("maxsplit", 1)).Output("a", "b").Import();
        ModelException error = Assert.Throws<ModelException>(() => QdqExporter.RequireExportable(PassPipeline.Run(graph), "m"));
        Assert.Equal(2, error.Diagnostics.Length);
        Assert.All(error.Diagnostics, d => Assert.Equal("OPT0010", d.Descriptor.Code));
        Assert.All(error.Diagnostics, d => Assert.Contains("StringParts", d.Text, StringComparison.Ordinal));
    }

    /// <summary>A name in a file that is in no domain of ONNX would make a file that no runtime reads.</summary>
    [Fact]
    public void EveryOperatorOfThisBuildHasAFormOrIsRefused()
    {
        string[] refused = [.. OperatorRegistry.All.Where(o => o.Domain == Node.InternalDomain)
            .Where(o => QdqExporter.Obstacle(new Node("", o.OpType, [], []) { Domain = o.Domain }) is not null).Select(o => o.OpType)];
        Assert.Equal(["PairwiseCoupling", "StringParts"], refused);
    }

    private static void Check(ModelBuilder model, params Tensor[] inputs) => Check(Readers.OnnxRuntime | Readers.Importer, model, inputs);

    private static void Check(Readers readers, ModelBuilder model, params Tensor[] inputs)
    {
        Graph graph = PassPipeline.Run(model.Import());
        QdqExporter.RequireExportable(graph, "m");
        byte[] file = QdqExporter.Export(new CompressedModel(graph));
        ModelProto proto = ModelProto.Parser.ParseFrom(file);
        Assert.All(proto.Graph.Node, n => Assert.Contains(n.Domain, (string[])["", LabelEncoderOperator.MlDomain]));
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
        if (readers.HasFlag(Readers.Importer))
            AssertSame(expected, new GraphEvaluator(
                OnnxImporter.Import(file, "exported.onnx", ImportOptions.Default).Graph).Evaluate(inputs));
        if (readers.HasFlag(Readers.OnnxRuntime))
            AssertSame(expected, OnnxRuntimeModel.Run(file, graph, inputs));
    }

    private static void AssertSame(Tensor[] expected, Tensor[] actual)
    {
        for (int o = 0; o < expected.Length; o++)
            if (expected[o].Element is ElementType.Float32 or ElementType.Float64)
                Assert.Equal(Reals(expected[o]), Reals(actual[o]), (e, a) =>
                    e.Equals(a) || Math.Abs(e - a) <= Tolerance * Math.Max(1, Math.Abs(e)));
            else
                Assert.Equal(expected[o].Data, actual[o].Data);
    }

    private static double[] Reals(Tensor tensor) => tensor.Element == ElementType.Float64 ? tensor.Values<double>()
        : Array.ConvertAll(tensor.Values<float>(), v => (double)v);

    private static Tensor Noise(int seed, params int[] dimensions)
    {
        var random = new Random(seed);
        int count = dimensions.Aggregate(1, (a, d) => a * d);
        return Tensor.Of([.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))], dimensions);
    }
}
