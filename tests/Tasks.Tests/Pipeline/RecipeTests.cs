using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Pipeline;

/// <summary>What <c>Compression</c> comes to: the search by itself, and a whole small classifier.</summary>
public sealed class RecipeTests : IDisposable
{
    private const int Width = 64;
    private const int Samples = 400;
    private static readonly ModelOptions Item = OptimizerBuild.Compression.TestContext.Options;
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>
    /// Thirteen trials at most, and one of equalised layers, find the strongest of ten shares of zeros for both widths and of four
    /// numbers of values.
    /// </summary>
    [Theory]
    [InlineData(0.0, "EntropyCoding=\"True\"")]
    [InlineData(0.515, "EntropyCoding=\"True\" Sparsity=\"0.5\" Clusters=\"128\"")]
    [InlineData(0.8355, "EntropyCoding=\"True\" Sparsity=\"0.8\" Clusters=\"32\"")]
    [InlineData(2.0, "EntropyCoding=\"True\" Precision=\"Int4\" Sparsity=\"0.95\"")]
    public void SmallestTakesTheStrongestThatIsAccurate(double bearable, string chosen)
    {
        int trials = 0;
        var search = new RecipeSearch(Item with { Compression = CompressionRecipe.Smallest }, options =>
        {
            trials++;
            double zeros = options.Sparsity ?? 0, bits = options.Precision == ModelPrecision.Int4 ? 4 : 8;
            double values = options.Clusters is { } clusters ? Math.Log2(clusters) : bits;
            return Measured(
                bytes: (long)(10_000 * (1 - zeros) * values), drop: zeros + ((8 - values) / 100) + (bits == 4 ? 0.5 : 0) - bearable);
        }, SilentProgress.Instance)
        {
            IsAccurate = m => m.Drop <= 0,
            IsBearable = _ => false,
        };

        Assert.Equal(chosen, search.Choose().Text);
        Assert.InRange(trials, 2, 14);
        Assert.Equal(trials, search.Notes.Count);
        Assert.Contains(search.Notes, n => n.EndsWith(", too much", StringComparison.Ordinal) == (bearable < 2));
    }

    [Fact]
    public void FastestAddsWhatBringsMostFirstAndStopsAtWhatCannotBeBuilt()
    {
        var search = new RecipeSearch(Item with { Compression = CompressionRecipe.Fastest }, options =>
        {
            double channels = options.Sparsity ?? 0, rank = options.Rank is { } r ? r.Share ?? 0.9 : 1;
            if (channels > 0.3)
                throw new ModelException(DiagnosticCatalog.TooFewChannels, "Sparsity", channels, 0.3, "");
            return Measured(time: 1000 * (1 - channels) * (0.5 + (rank / 2)), drop: (options.Fold ?? 0) > 0 || rank < 0.6 ? 1 : 0);
        }, SilentProgress.Instance)
        {
            IsAccurate = m => m.Drop <= 0.5,
            IsBearable = _ => false,
        };

        RecipeCandidate best = search.Choose();

        Assert.Equal("Sparsity=\"0.3\" SparsityPattern=\"Channel\" Rank=\"0.7\"", best.Text);
        Assert.Contains(search.Notes, n => n.Contains("OPT0055", StringComparison.Ordinal));
        Assert.Equal(search.Notes, search.Notes.Distinct());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatTheItemSaysIsNotSearched(bool equalize)
    {
        var seen = new List<ModelOptions>();
        ModelOptions options = Item with { Compression = CompressionRecipe.Smallest, Sparsity = 0.5,
            Clusters = 20, Precision = ModelPrecision.Int8, Equalize = equalize };
        var search = new RecipeSearch(options, o =>
        {
            seen.Add(o);
            return Measured();
        }, SilentProgress.Instance)
        {
            IsAccurate = _ => true,
            IsBearable = _ => false,
        };

        Assert.Equal(options with { EntropyCoding = true }, search.Choose().Options);
        Assert.Single(seen);
    }

    /// <summary>Of shares a standard deviation less: 0.5 % of 4,096 samples has one of 0.11 %.</summary>
    [Theory]
    [InlineData("Top-1", 4096, null, true, 0.0039)]
    [InlineData("Top-1", 100, null, true, 0)]
    [InlineData("Top-1", 10_000, 0.02, false, 0.0186)]
    [InlineData("cosine", 100, 0.02, false, 0.01)]
    [InlineData("cosine", 100, 0.02, true, 0.02)]
    [InlineData("mean squared error", 100, null, true, 0.03)]
    public void WhatMayBeLostFollowsFromTheMetric(string metric, int samples, double? limit, bool hasLabels, double allowed)
    {
        Measurement measured = Measured() with { Metric = metric, Samples = samples };
        Assert.Equal(allowed, RecipeSearch.Allowed(Item with { MaxAccuracyDrop = limit }, measured, hasLabels), 4);
    }

    [Fact]
    public void ASmallClassifierIsSearchedOnSamplesThatNothingWasFittedOn()
    {
        Write();
        ModelOptions options = Options(CompressionRecipe.Smallest) with { MaxAccuracyDrop = 0.03 };

        CompilationOutcome smallest = ModelCompiler.Compile(options, default);
        CompilationOutcome balanced = ModelCompiler.Compile(Options(CompressionRecipe.Balanced), default);

        IReadOnlyList<string> notes = smallest.Techniques[0].Notes;
        Assert.Equal(RecipeSearch.Step, smallest.Techniques[0].Technique);
        Assert.Equal($"fitted on {Samples / 2} samples and judged on {Samples / 2} others by their labels", notes[0]);
        Assert.StartsWith("chosen: EntropyCoding=\"True\"", notes[^1], StringComparison.Ordinal);
        Assert.True(smallest.Weights.Length < balanced.Weights.Length * 3 / 4, $"{balanced.Weights.Length} → {smallest.Weights.Length}");
        Assert.Equal(smallest.Weights, ModelCompiler.Compile(options, default).Weights);

        // What was chosen, written by hand, gives the same bytes.
        ModelOptions byHand = RecipeCandidate.Of(options with { Compression = CompressionRecipe.Balanced }).With(
            [.. notes[^1]["chosen: ".Length..].Split(' ').Select(m => m.Split('=')).Select(m => (m[0], m[1].Trim('"')))]).Options;
        Assert.Equal(smallest.Weights, ModelCompiler.Compile(byHand, default).Weights);
    }

    /// <summary>The float model's classes stand in for labels where the calibration data have none.</summary>
    [Fact]
    public void ClassesOfTheFloatModelServeWhereThereAreNoLabels()
    {
        Write();
        ModelOptions options = Options(CompressionRecipe.Fastest) with
        {
            CalibrationData = new("x.npy", _files.Folder), EvaluationData = new("d.npz", _files.Folder), MaxAccuracyDrop = 0.02,
        };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.EndsWith("by the float model's classes", outcome.Techniques[0].Notes[0], StringComparison.Ordinal);
        Assert.Contains("Top-1 1 →", outcome.Techniques[0].Notes[1], StringComparison.Ordinal);
        Assert.InRange(outcome.Plan.Facts.FloatMetric!.Value - outcome.Plan.Facts.CompressedMetric!.Value, -1, 0.04);
    }

    /// <summary>Classes that are counted from 1, of which the judges lack some, texts, and labels that are too many or too few.</summary>
    [Theory]
    [InlineData("from one", " by their labels")]
    [InlineData("texts", "")]
    [InlineData("too many", "")]
    public void LabelsThatCannotBeUsedCountAsNone(string labels, string judged)
    {
        long[] classes = Write();
        byte[] y = labels switch
        {
            "from one" => DataFiles.Npy([.. classes.Select(c => c + 1)], "<i8", $"({Samples},)"),
            "texts" => DataFiles.Npy([.. classes.Select(c => (int)('a' + c))], "<U1", $"({Samples},)"),
            _ => DataFiles.Npy([.. classes, 0L], "<i8", $"({Samples + 1},)"),
        };
        _files.Write("d.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest,
            ("x.npy", File.ReadAllBytes(Path.Combine(_files.Folder, "x.npy"))), ("y.npy", y)));

        IReadOnlyList<string> notes = ModelCompiler.Compile(Options(CompressionRecipe.Smallest), default).Techniques[0].Notes;

        Assert.EndsWith($"judged on {Samples / 2} others{judged}", notes[0], StringComparison.Ordinal);
        Assert.Contains(labels == "from one" ? "Top-1 1 → " : "cosine 1 → ", notes[1], StringComparison.Ordinal);
    }

    /// <summary>Where even 8 bits lose too much, float32 ships, and where that is no choice, the notes say so.</summary>
    [Fact]
    public void WhatLosesTooMuchInIntegersStaysInFloat32()
    {
        var search = new RecipeSearch(Item with { Compression = CompressionRecipe.Fastest },
            o => Measured(drop: o.Precision == ModelPrecision.Float32 ? 0 : 1), SilentProgress.Instance)
        {
            IsAccurate = m => m.Drop <= 0,
            IsBearable = _ => false,
        };
        Assert.Equal("Precision=\"Float32\"", search.Choose().Text);

        // What may be chance is no reason.
        var likely = new RecipeSearch(
            Item with { Compression = CompressionRecipe.Smallest }, _ => Measured(drop: 1), SilentProgress.Instance)
        {
            IsAccurate = _ => false,
            IsBearable = _ => true,
        };
        Assert.Equal("EntropyCoding=\"True\"", likely.Choose().Text);

        var hopeless = new RecipeSearch(Item with { Compression = CompressionRecipe.Smallest, Precision = ModelPrecision.Int8 },
            _ => Measured(drop: 1), SilentProgress.Instance)
        {
            IsAccurate = m => m.Drop <= 0,
            IsBearable = _ => false,
        };
        Assert.Equal("EntropyCoding=\"True\"", hopeless.Choose().Text);
        Assert.Equal("nothing that was tried keeps the accuracy that is asked for", hopeless.Notes[^1]);
    }

    /// <summary>What is chosen can be written into the item.</summary>
    [Theory]
    [InlineData(nameof(SparsityPattern.Channel), 0.3)]
    [InlineData(nameof(SparsityPattern.Block), null)]
    [InlineData(nameof(SparsityPattern.TwoOfFour), null)]
    public void APatternOfTheItemHolds(string name, double? fold)
    {
        SparsityPattern pattern = Enum.Parse<SparsityPattern>(name);
        foreach (CompressionRecipe recipe in (CompressionRecipe[])[CompressionRecipe.Smallest, CompressionRecipe.Fastest])
        {
            var search = new RecipeSearch(Item with { Compression = recipe, SparsityPattern = pattern, Fold = fold },
                o => Measured(bytes: (long)(1000 * (1 - (o.Sparsity ?? 0))), time: 1000 * (1 - (o.Sparsity ?? 0))), SilentProgress.Instance)
            {
                IsAccurate = _ => true,
                IsBearable = _ => false,
            };
            ModelOptions chosen = search.Choose().Options;
            Assert.Equal(pattern, chosen.SparsityPattern);
            Assert.False(chosen is { Sparsity: > 0, SparsityPattern: SparsityPattern.Channel, Fold: > 0 });
            Assert.Equal(pattern == SparsityPattern.Block, chosen.Sparsity > 0);
        }
    }

    /// <summary>A search stops, too, where nothing is trained.</summary>
    [Theory]
    [InlineData(nameof(CompressionRecipe.Smallest))]
    [InlineData(nameof(CompressionRecipe.Balanced))]
    public void MinutesEndASearch(string recipe)
    {
        Write();
        ModelException error = Assert.Throws<ModelException>(
            () => ModelCompiler.Compile(
                Options(Enum.Parse<CompressionRecipe>(recipe)) with { MaxBuildMinutes = 1e-6 }, default));
        Assert.Equal("OPT0071", error.Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void WithoutDataOnlyWhatLosesNothingIsDone()
    {
        Write();
        ModelOptions options = Options(CompressionRecipe.Smallest) with { CalibrationData = null };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(["no data to choose by: entropy codes alone, which lose nothing"], outcome.Techniques[0].Notes);
        Assert.Contains(outcome.Techniques, t => t.Technique == "Coding");
    }

    /// <summary>
    /// A model with a state, trees, and a model that is quantised already: what a recipe chooses builds, twice to the same bytes, and gives
    /// answers near those of the file.
    /// </summary>
    [Theory]
    [InlineData("state", nameof(CompressionRecipe.Smallest))]
    [InlineData("state", nameof(CompressionRecipe.Fastest))]
    [InlineData("trees", nameof(CompressionRecipe.Smallest))]
    [InlineData("trees", nameof(CompressionRecipe.Fastest))]
    [InlineData("quantised", nameof(CompressionRecipe.Smallest))]
    [InlineData("quantised", nameof(CompressionRecipe.Fastest))]
    public void ModelsOfEveryKindAreSearched(string kind, string recipe)
    {
        var random = new Random(7);
        int width = kind == "trees" ? 6 : 16;
        ModelBuilder model = kind switch
        {
            "state" => new ModelBuilder().Input("x", 1, width).Input("h", 1, width)
                .Constant("w", Drawn(random, width, width)).Constant("u", Drawn(random, width, width)).Constant("half", Tensor.Scalar(0.5f))
                .Node("MatMul", "x,w", "a").Node("Mul", "h,half", "m").Node("Add", "a,m", "s").Node("Tanh", "s", "hn")
                .Node("MatMul", "hn,u", "y").Output("y", "hn"),
            "trees" => new RandomTrees(3, new() { Features = width, Trees = 8, TracksMissing = false, Modes = [0] }).Regressor(1, "SUM"),
            _ => Quantised(random, width),
        };
        _files.Write("m.onnx", model.Bytes);
        float[] inputs = [.. Enumerable.Range(0, Samples * width).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        byte[] x = DataFiles.Npy(inputs, "<f4", $"({Samples}, {width})");
        _files.Write("x.npy", x);
        _files.Write("d.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest, kind == "state"
            ? [("x.npy", x), ("h.npy", DataFiles.Npy(new float[Samples * width], "<f4", $"({Samples}, {width})"))] : [("x.npy", x)]));
        ModelOptions options = Options(Enum.Parse<CompressionRecipe>(recipe)) with
        {
            CalibrationData = new(kind == "state" ? "d.npz" : "x.npy", _files.Folder),
            State = kind == "state" ? Item.State.Add("h", "hn") : Item.State,
        };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(RecipeSearch.Step, outcome.Techniques[0].Technique);
        Assert.StartsWith("chosen: ", outcome.Techniques[0].Notes[^1], StringComparison.Ordinal);
        Assert.Equal(outcome.Weights, ModelCompiler.Compile(options, default).Weights);
        Graph graph = model.Import();
        var executor = new OptimizerBuild.Evaluation.PlanExecutor(outcome.Plan, outcome.Weights);
        var evaluator = new OptimizerBuild.Operators.GraphEvaluator(graph);
        (double dot, double expectedSquares, double actualSquares) = (0, 0, 0);
        Tensor[]? stream = kind == "state" ? executor.InitialState() : null;
        Tensor state = Tensor.Of(new float[width], 1, width);
        for (int i = 0; i < 40; i++)
        {
            Tensor sample = Tensor.Of(inputs[(i * width)..((i + 1) * width)], 1, width);
            Tensor[] expected = evaluator.Evaluate(stream is null ? [sample] : [sample, state]);
            float[] actual = (stream is null ? executor.Run([sample]) : executor.Run([sample], stream))[0].Values<float>();
            if (stream is not null)
                state = expected[1];
            foreach ((float e, float a) in expected[0].Values<float>().Zip(actual))
                (dot, expectedSquares, actualSquares) = (dot + (e * a), expectedSquares + (e * e), actualSquares + (a * a));
        }
        Assert.InRange(dot / Math.Sqrt(expectedSquares * actualSquares), 0.98, 1.0001);
    }

    private static Tensor Drawn(Random random, int rows, int columns) =>
        Tensor.Of([.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5))], rows, columns);

    private static ModelBuilder Quantised(Random random, int width)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, width).Constant("s", Tensor.Scalar(0.02f))
            .Constant("z", Tensor.Scalar((byte)128)).Constant("ws", Tensor.Scalar(0.004f)).Constant("wz", Tensor.Scalar((sbyte)0));
        foreach (string layer in (string[])["p", "q"])
            model.Constant(layer, Tensor.Of(
                [.. Enumerable.Range(0, width * width).Select(_ => (sbyte)random.Next(-127, 128))], width, width));
        return model.Node("QuantizeLinear", "x,s,z", "a").Node("DequantizeLinear", "a,s,z", "b").Node("DequantizeLinear", "p,ws,wz", "pr")
            .Node("MatMul", "b,pr", "c").Node("QuantizeLinear", "c,s,z", "d").Node("DequantizeLinear", "d,s,z", "e")
            .Node("DequantizeLinear", "q,ws,wz", "qr").Node("MatMul", "e,qr", "y").Output("y");
    }

    // Classes that are told apart by a few inputs: most weights of the middle layer are worth little.
    private long[] Write()
    {
        var random = new Random(3);
        float[] Weights(int rows, int columns) =>
            [.. Enumerable.Range(0, rows * columns).Select(i => (float)((random.NextDouble() - 0.5) * (random.Next(5) == 0 ? 1 : 0.05)))];
        float[] inputs = [.. Enumerable.Range(0, Samples * Width).Select(_ => (float)random.NextDouble())];
        byte[] model = new ModelBuilder().Input("x", 1, Width)
            .Constant("wa", Tensor.Of(Weights(Width, Width), Width, Width)).Constant("wb", Tensor.Of(Weights(Width, 4), Width, 4))
            .Node("MatMul", "x,wa", "a").Node("Relu", "a", "ra").Node("MatMul", "ra,wb", "scores").Output("scores").Bytes;
        _files.Write("m.onnx", model);
        Graph graph = OnnxImporter.Import(model, "m.onnx", ImportOptions.Default).Graph;
        var evaluator = new OptimizerBuild.Operators.GraphEvaluator(graph);
        long[] labels = [.. Enumerable.Range(0, Samples).Select(s =>
        {
            float[] scores = evaluator.Evaluate([Tensor.Of(inputs[(s * Width)..((s + 1) * Width)], 1, Width)])[0].Values<float>();
            return (long)Array.IndexOf(scores, scores.Max());
        })];
        byte[] x = DataFiles.Npy(inputs, "<f4", $"({Samples}, {Width})");
        _files.Write("x.npy", x);
        _files.Write("d.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest, ("x.npy", x),
            ("y.npy", DataFiles.Npy(labels, "<i8", $"({Samples},)"))));
        return labels;
    }

    private ModelOptions Options(CompressionRecipe recipe) => new()
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        Compression = recipe,
        CalibrationData = new("d.npz", _files.Folder),
    };

    private static Measurement Measured(long bytes = 100, double time = 100, double drop = 0) =>
        new("Top-1", 1 - drop, 1, drop, 100, bytes, 100, 1000, time);
}
