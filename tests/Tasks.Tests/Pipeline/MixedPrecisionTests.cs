using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Pipeline;

/// <summary>Bits layer by layer: the order of the steps, the search over them, sizes as targets, and a whole small model.</summary>
public sealed class MixedPrecisionTests : IDisposable
{
    private const int Width = 48;
    private const int Samples = 400;
    private static readonly ModelOptions Item = OptimizerBuild.Compression.TestContext.Options;
    private static readonly LayerBits[] Costs =
    [
        new("a", ModelPrecision.Int4, 0.01, 1000), new("a", ModelPrecision.Ternary, 0.5, 1000), new("a", ModelPrecision.Binary, 0.51, 1000),
        new("b;c", ModelPrecision.Int4, 0.002, 4000), new("b;c", ModelPrecision.Ternary, 0.2, 4000),
    ];

    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void StepsThatCostLeastForTheirBytesComeFirst()
    {
        // Ternary weights of the first layer lie above the line from 4 bits to binary ones.
        Assert.Equal(
            [
                "'b;c' to Int4: 2000 bytes for noise of 0.002 of the outputs' power",
                "'a' to Int4: 500 bytes for noise of 0.01 of the outputs' power",
                "'b;c' to Ternary: 1200 bytes for noise of 0.198 of the outputs' power",
                "'a' to Binary: 375 bytes for noise of 0.5 of the outputs' power",
            ],
            BitSteps.Of(Costs, 8).Select(s => s.ToString()));
        Assert.Equal(1500, BitSteps.Of(Costs.Append(new("a", ModelPrecision.Int4, 0.01, 2000)), 8).First(s => s.Layer == "a").Bytes);
        Assert.Empty(BitSteps.Of([], 8));

        // Rules of the item hold against those that are chosen.
        string rules = BitSteps.Rules(BitSteps.Of(Costs, 8).AsSpan()[..3], LayerRules.Parse("a:Int8")!);
        Assert.Equal("b?c:Ternary;a:Int4;a:Int8", rules);
        Assert.Equal(ModelPrecision.Ternary, LayerRules.Parse(rules)!.PrecisionOf("b;c"));
        Assert.Equal(ModelPrecision.Int8, LayerRules.Parse(rules)!.PrecisionOf("a"));
    }

    [Theory]
    [InlineData(0.0, null, "Precision=\"Auto\"")]
    [InlineData(0.013, null, "Precision=\"Auto\" Layers=\"b?c:Int4;a:Int4\"")]
    [InlineData(1.0, null, "Precision=\"Auto\" Layers=\"b?c:Ternary;a:Binary\"")]
    [InlineData(1.0, 5000, "Precision=\"Auto\"")]
    [InlineData(1.0, 4999, "Precision=\"Auto\" Layers=\"b?c:Int4\"")]
    [InlineData(1.0, 2500, "Precision=\"Auto\" Layers=\"b?c:Int4;a:Int4\"")]
    [InlineData(1.0, 10, "Precision=\"Auto\" Layers=\"b?c:Ternary;a:Binary\"")]
    [InlineData(0.005, 10, "Precision=\"Auto\" Layers=\"b?c:Int4\"")]
    public void TheSearchEndsAtTheLossOrTheSizeThatIsAskedFor(double bearable, int? size, string chosen)
    {
        RecipeSearch search = Search(Item with { Precision = ModelPrecision.Mixed, MaxSize = size }, bearable);
        Assert.Equal(chosen, search.Choose().Text);
        Assert.Equal(search.Notes, search.Notes.Distinct());
        if (size == 4999)
            Assert.Equal(
                ["fewer bits: 'b;c' to Int4: 2000 bytes for noise of 0.002 of the outputs' power",
                    "the next step of 4, not taken because the size is reached: 'a' to Int4: 500 bytes for noise of 0.01 of the "
                        + "outputs' power"],
                search.Notes.TakeLast(2));
    }

    [Theory]
    [InlineData(5000, "EntropyCoding=\"True\"")]
    [InlineData(3400, "EntropyCoding=\"True\" Precision=\"Int4\"")]
    [InlineData(2000, "EntropyCoding=\"True\" Sparsity=\"0.6\"")]
    [InlineData(180, "EntropyCoding=\"True\" Precision=\"Int4\" Sparsity=\"0.93\"")]
    public void SmallestIsNoSmallerThanAskedFor(int size, string chosen)
    {
        RecipeSearch search = Search(Item with { Compression = CompressionRecipe.Smallest, MaxSize = size }, 2);
        RecipeCandidate best = search.Choose();
        Assert.Equal(chosen, best.Text);
        Assert.InRange(best.Measurement!.WeightBytes, 1, size);
    }

    /// <summary>Each layer by itself, and nothing of it is left behind.</summary>
    [Fact]
    public void FewerBitsAreMeasuredAtTheOutputs()
    {
        var g = new FloatGraph();
        string x = g.Dense("a", g.Input("x", 1, 48), 48, 40, relu: true);
        Graph graph = g.Build(g.Dense("c", g.Dense("b", x, 40, 32, relu: true), 32, 10));
        QuantizationOptions options = QuantizationOptions.Default with
        {
            Layers = LayerRules.Parse("b/*:Int8")!,
            LeastOutputSignalToNoise = null,
            OutputSignalToNoise = 0,
        };
        SampleSet samples = FloatGraph.Samples(graph, 64);
        IReadOnlyList<LayerBits> costs = new Quantizer(options).CostOfBits(graph, samples, default);

        Assert.Equal(["a/node", "c/node"], costs.Select(c => c.Layer).Distinct());
        Assert.Equal([1920, 320], costs.Select(c => c.Weights).Distinct());
        foreach (IGrouping<string, LayerBits> layer in costs.GroupBy(c => c.Layer))
        {
            double[] noises = [.. layer.Select(c => c.Noise)];
            Assert.Equal(noises.Order(), noises);
            Assert.InRange(noises[0], 1e-4, 0.05);
            Assert.InRange(noises[^1], 0.05, 1);

            // As a plan with that rule has it.
            QuantizationOptions ruled = options with { Layers = LayerRules.Parse($"b/*:Int8; {layer.Key}:Ternary")! };
            double decibels = new Quantizer(ruled).Apply(new(graph), samples, default).Model.Annotation<GraphQuantization>()!
                .OutputSignalToNoise!.Value;
            double eight = new Quantizer(options).Apply(new(graph), samples, default).Model.Annotation<GraphQuantization>()!
                .OutputSignalToNoise!.Value;
            Assert.Equal(Math.Pow(10, -decibels / 10) - Math.Pow(10, -eight / 10),
                layer.Single(c => c.Precision == ModelPrecision.Ternary).Noise, 1e-6);
        }
        Assert.Equal(costs, new Quantizer(options).CostOfBits(graph, samples, default));
        Assert.DoesNotContain(new Quantizer(options with { Weights = ModelPrecision.Int4 }).CostOfBits(graph, samples, default),
            c => c.Precision == ModelPrecision.Int4);
    }

    [Fact]
    public void AModelGetsTheBitsThatItsOutputsStand()
    {
        Write();
        ModelOptions options = Options(ModelPrecision.Mixed) with { MaxAccuracyDrop = 0.05 };
        CompilationOutcome mixed = ModelCompiler.Compile(options, default);
        IReadOnlyList<string> notes = mixed.Techniques[0].Notes;
        Assert.Equal(RecipeSearch.Step, mixed.Techniques[0].Technique);
        Assert.StartsWith("chosen: Precision=\"Auto\" Layers=\"", notes[^1], StringComparison.Ordinal);
        Assert.Contains(notes, n => n.StartsWith("fewer bits: '", StringComparison.Ordinal));
        CompilationOutcome eight = ModelCompiler.Compile(Options(ModelPrecision.Auto), default);
        Assert.True(mixed.Weights.Length < eight.Weights.Length * 0.8, $"{eight.Weights.Length} → {mixed.Weights.Length}");

        // What was chosen, written by hand, gives the same bytes; and so does a second build.
        string rules = notes[^1].Split('"')[3];
        ModelOptions byHand = Options(ModelPrecision.Auto) with { Layers = LayerRules.Parse(rules)! };
        Assert.Equal(mixed.Weights, ModelCompiler.Compile(byHand, default).Weights);
        Assert.Equal(mixed.Weights, ModelCompiler.Compile(options, default).Weights);

        // A size between the two is reached and no more than that is done.
        long size = (eight.Weights.Length + mixed.Weights.Length) / 2;
        CompilationOutcome sized = ModelCompiler.Compile(options with { MaxAccuracyDrop = null, MaxSize = size }, default);
        Assert.InRange(sized.Weights.Length, mixed.Weights.Length, size);
    }

    [Fact]
    public void WithoutDataLayersHaveFourBits()
    {
        Write();
        CompilationOutcome mixed = ModelCompiler.Compile(Options(ModelPrecision.Mixed) with { CalibrationData = null }, default);
        CompilationOutcome four = ModelCompiler.Compile(Options(ModelPrecision.Int4) with { CalibrationData = null }, default);
        Assert.Equal(four.Weights, mixed.Weights);
        Assert.Equal(
            ["no data to choose bits by: 4 in each layer for which they suffice, as Precision=\"Int4\""], mixed.Techniques[0].Notes);
    }

    /// <summary>A size is reached without data, too, with as many bits as it leaves room for.</summary>
    [Fact]
    public void WithoutDataASizeIsReachedByTheErrorOfTheWeights()
    {
        Write();
        ModelOptions options = Options(ModelPrecision.Mixed) with { CalibrationData = null };
        int eight = ModelCompiler.Compile(options with { Precision = ModelPrecision.Auto }, default).Weights.Length;
        int four = ModelCompiler.Compile(options with { Precision = ModelPrecision.Int4 }, default).Weights.Length;
        CompilationOutcome whole = ModelCompiler.Compile(options with { MaxSize = eight }, default);
        Assert.Equal(eight, whole.Weights.Length);
        Assert.Single(whole.Techniques[0].Notes);
        CompilationOutcome between = ModelCompiler.Compile(options with { MaxSize = (eight + four) / 2 }, default);
        Assert.InRange(between.Weights.Length, four + 1, (eight + four) / 2);
        Assert.All(between.Techniques[0].Notes.Skip(1), n => Assert.StartsWith("fewer bits: '", n, StringComparison.Ordinal));
        CompilationOutcome small = ModelCompiler.Compile(options with { MaxSize = four - 100 }, default);
        Assert.InRange(small.Weights.Length, 1, four - 100);
        Assert.Equal(small.Weights, ModelCompiler.Compile(options with { MaxSize = four - 100 }, default).Weights);
    }

    // 8 bits take 5,000 bytes; fewer take and lose what the steps say.
    private static RecipeSearch Search(ModelOptions item, double bearable) => new(item, o =>
    {
        var steps = BitSteps.Of(Costs, 8);
        double bytes = o.Precision == ModelPrecision.Int4 ? 2500 : 5000, drop = o.Precision == ModelPrecision.Int4 ? 0.4 : 0;
        for (int i = 0; i < steps.Length; i++)
            if (o.Layers.PrecisionOf(steps[i].Layer) is { } precision && precision >= steps[i].Precision)
                (bytes, drop) = (bytes - steps[i].Bytes, drop + steps[i].Noise);
        double zeros = o.Sparsity ?? 0;
        bytes *= 1 - zeros;
        return new("Top-1", 1 - drop - zeros, 1, drop + zeros - bearable, 100, (long)bytes, 100, 1000, 100);
    }, SilentProgress.Instance)
    {
        CostOfBits = _ => Costs,
        IsAccurate = m => m.Drop <= 0,
        IsBearable = _ => false,
    };

    private void Write()
    {
        var random = new Random(3);
        float[] Weights(int rows, int columns) =>
            [.. Enumerable.Range(0, rows * columns).Select(_ => (float)((random.NextDouble() - 0.5) / Math.Sqrt(rows)))];
        float[] inputs = [.. Enumerable.Range(0, Samples * Width).Select(_ => (float)random.NextDouble())];
        byte[] model = new ModelBuilder().Input("x", 1, Width)
            .Constant("wa", Tensor.Of(Weights(Width, Width), Width, Width)).Constant("wb", Tensor.Of(Weights(Width, Width), Width, Width))
            .Constant("wc", Tensor.Of(Weights(Width, 4), Width, 4))
            .Node("MatMul", "x,wa", "a").Node("Relu", "a", "ra").Node("MatMul", "ra,wb", "b").Node("Relu", "b", "rb")
            .Node("MatMul", "rb,wc", "scores").Output("scores").Bytes;
        _files.Write("m.onnx", model);
        var evaluator = new GraphEvaluator(OnnxImporter.Import(model, "m.onnx", ImportOptions.Default).Graph);
        long[] labels = [.. Enumerable.Range(0, Samples).Select(s =>
        {
            float[] scores = evaluator.Evaluate([Tensor.Of(inputs[(s * Width)..((s + 1) * Width)], 1, Width)])[0].Values<float>();
            return (long)Array.IndexOf(scores, scores.Max());
        })];
        _files.Write("d.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest,
            ("x.npy", DataFiles.Npy(inputs, "<f4", $"({Samples}, {Width})")), ("y.npy", DataFiles.Npy(labels, "<i8", $"({Samples},)"))));
    }

    private ModelOptions Options(ModelPrecision precision) => new()
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        Precision = precision,
        CalibrationData = new("d.npz", _files.Folder),
    };
}
