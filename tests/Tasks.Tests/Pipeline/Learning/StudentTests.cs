using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Students;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Smaller models that learn from a model and take its place.</summary>
public sealed class StudentTests : IDisposable
{
    private readonly LearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void AShareOfTheChannelsLearnsWhatTheModelGives()
    {
        _models.Samples(1600).Samples(300, seed: 9, "judges.npy").Network("m.onnx", 64, 1);
        ModelOptions options = _models.Options("m.onnx") with
        {
            Student = new(0.5, null), EvaluationData = new("judges.npy", _models.Folder), Metric = AccuracyMetric.Cosine,
        };

        CompilationOutcome pruned = ModelCompiler.Compile(options with { RecoverySteps = 1 }, default);
        CompilationOutcome student = ModelCompiler.Compile(options, default);

        // 24·64 + 64·32 + 32·6 products become 24·32 + 32·16 + 16·6.
        Assert.Equal((24 * 32) + (32 * 16) + (16 * 6), student.Plan.Facts.Macs);
        double lost = 1 - pruned.Plan.Facts.CompressedMetric!.Value, left = 1 - student.Plan.Facts.CompressedMetric!.Value;
        Assert.True(left < 0.8 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Assert.Equal(student.Weights, ModelCompiler.Compile(options, default).Weights);

        TechniqueAccount account = Assert.Single(student.Techniques, t => t.Technique == "Student");
        Assert.Contains("the share 0.5 stays", account.Notes[0], StringComparison.Ordinal);
        Assert.Contains("without labels", account.Notes[^1], StringComparison.Ordinal);
        Assert.True(account.After.Macs < account.Before.Macs / 2);
        ModelReport report = ModelReport.Of(student);
        Assert.Equal("student 0.5x", ModelReport.TryParse(report.ToJson())!.Lineage);
        Assert.EndsWith("MACs (int8), student 0.5x", SummaryLine.Of(report), StringComparison.Ordinal);
    }

    /// <summary>The blocks that add least go, and the rest learns to make up for them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AShareOfTheBlocksLearnsWhatTheModelGives(bool rectified)
    {
        _models.Samples(1600).Samples(300, seed: 9, "judges.npy").Residual("m.onnx", [0.5f, 0.2f, 0.6f, 0.3f], rectified);
        ModelOptions options = _models.Options("m.onnx") with
        {
            Student = StudentChoice.Parse("0.5x depth", _models.Folder), EvaluationData = new("judges.npy", _models.Folder),
            Metric = AccuracyMetric.Cosine,
        };
        CompilationOutcome student = ModelCompiler.Compile(options, default);
        Assert.Equal((24 * 16) + (2 * 2 * 16 * 16) + (16 * 6), student.Plan.Facts.Macs);
        Assert.True(student.Plan.Facts.CompressedMetric > 0.995, $"{student.Plan.Facts.CompressedMetric}");

        // What was fitted only is farther off.
        double lost = 1 - ModelCompiler.Compile(options with { RecoverySteps = 1 }, default).Plan.Facts.CompressedMetric!.Value;
        double left = 1 - student.Plan.Facts.CompressedMetric!.Value;
        Assert.True(left < 0.8 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Assert.Equal(student.Weights, ModelCompiler.Compile(options, default).Weights);
        Assert.Equal("student 0.5x depth", student.Lineage);
        IReadOnlyList<string> notes = Assert.Single(student.Techniques, t => t.Technique == "Student").Notes;
        Assert.StartsWith("of 4 residual blocks 2 stay", notes[0], StringComparison.Ordinal);

        // Which ones went can be seen by what is left: what it gives before it has learned is near only without the small ones.
        Graph graph = Passes.PassPipeline.Run(OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options)).Graph);
        ResidualBlock[] blocks = [.. ResidualBlock.Of(graph)];
        Assert.Equal(4, blocks.Length);
        Assert.All(blocks, b => Assert.Equal(2 * 16 * 16, b.MultiplyAccumulates));
        Assert.Equal([blocks[1].Sum, blocks[3].Sum], notes.Skip(1).Take(2).Select(n => n.Split(':')[0]));
    }

    [Fact]
    public void AModelWithoutBlocksHasNoStudentByDepth()
    {
        _models.Samples(60).Network("m.onnx", 32, 1);
        ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(
            _models.Options("m.onnx") with { Student = StudentChoice.Parse("0.5x depth", _models.Folder) }, default));
        Assert.Equal("OPT0072", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains("no residual blocks", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Weights in files of their own are those of the one file, and the build depends on them.</summary>
    [Fact]
    public void WeightsOfAStudentAndOfTeachersMayLieBesideThem()
    {
        _models.Samples(300).Network("m.onnx", 32, 1);
        ModelOptions options = _models.Options("m.onnx") with
        {
            Student = new(null, _models.Network("s.onnx", 16, 2)), Teachers = [_models.Network("t.onnx", 40, 3)], RecoverySteps = 10,
        };
        ModelOptions beside = options with
        {
            Student = new(null, _models.WithWeightsBeside("s.onnx", "students/s.onnx")),
            Teachers = [_models.WithWeightsBeside("t.onnx", "teachers/t.onnx")],
        };
        CompilationOutcome outcome = ModelCompiler.Compile(beside, default);
        Assert.Equal(ModelCompiler.Compile(options, default).Weights, outcome.Weights);

        Assert.Equal(6, outcome.ExternalDataFiles.Count);
        InputFile[] files = [.. InputFiles.External(beside, outcome.ExternalDataFiles)];
        Assert.All(files, f => Assert.True(File.Exists(f.Path)));
        Assert.Equal(3, files.Count(f => f.Role.StartsWith("external /student/weights/", StringComparison.Ordinal)));
        Assert.Equal(3, files.Count(f => f.Role.StartsWith("external /teacher 0/weights/", StringComparison.Ordinal)));
        // A damaged list leads nowhere else.
        Assert.All(InputFiles.External(beside, ["/student/../s.onnx", "/teacher 7/w.bin", "/etc/passwd", "/student"]),
            f => Assert.Empty(f.Path));
    }

    /// <summary>Only what changes the student afterwards is trained once more.</summary>
    [Fact]
    public void RecoveryTrainsWhatComesAfter()
    {
        _models.Samples(300).Network("m.onnx", 32, 1);
        ModelOptions options = _models.Options("m.onnx") with { Student = new(0.5, null), Recovery = true, RecoverySteps = 20 };
        Assert.Equal(["Student", "Quantization", "Recovery of rounded weights"],
            ModelCompiler.Compile(options, default).Techniques.Select(t => t.Technique));
        Assert.Equal(["Student", "Sparsification", "Recovery", "Quantization", "Recovery of rounded weights"],
            ModelCompiler.Compile(options with { Sparsity = 0.5 }, default).Techniques.Select(t => t.Technique).Where(t => t != "Coding"));
    }

    /// <summary>A student of a file stays what it is, also where its weights are called as the model's are.</summary>
    [Fact]
    public void WeightsOfEqualNamesAreOthers()
    {
        _models.Samples(300).Network("m.onnx", 32, 1);
        ModelOptions options = _models.Options("m.onnx") with
        {
            Student = new(null, _models.Network("student.onnx", 32, 2)), Recovery = true, Sparsity = 0.5, RecoverySteps = 40,
            Precision = ModelPrecision.Float32,
        };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        Graph learned = compression.Context.TrainedGraph!, model = Passes.PassPipeline.Run(compression.Imported.Graph);
        Assert.Contains(compression.Run.Accounts, a => a.Technique == "Recovery");
        Assert.Equal(3, learned.Constants.Count(c => c.Value.Rank == 2 && model.Constant(c.Key)?.Type == c.Value.Type));
        foreach ((string name, Tensor weights) in learned.Constants.Where(c => c.Value.Rank == 2))
        {
            float[] shipped = compression.Model.Graph.Constants[name].Values<float>();
            Assert.True(Cosine(shipped, weights.Values<float>()) > 0.8, $"{Cosine(shipped, weights.Values<float>())}");
            Assert.True(Cosine(shipped, model.Constants[name].Values<float>()) < 0.5);
        }

        static double Cosine(float[] a, float[] b) => System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<float>(a, b);
    }

    /// <summary>What is said of data is said once, whether a recipe makes contexts anew or not.</summary>
    [Fact]
    public void WhatIsSaidOfDataIsKept()
    {
        _models.Samples(60).Network("m.onnx", 32, 1);
        ModelOptions options = _models.Options("m.onnx") with
        {
            CalibrationData = null, EvaluationData = new("x.npy", _models.Folder), Metric = AccuracyMetric.Cosine,
            Student = new(0.5, null), RecoverySteps = 5, Precision = ModelPrecision.Float32,
        };
        foreach (CompressionRecipe recipe in (CompressionRecipe[])[CompressionRecipe.None, CompressionRecipe.Smallest])
            Assert.Single(ModelCompiler.Compile(options with { Compression = recipe }, default).Diagnostics,
                d => d.Descriptor.Code == "OPT0070");
    }

    /// <summary>Its values may have any names, also those that the model's inputs and outputs have.</summary>
    [Theory]
    [InlineData(nameof(StudentWeights.Own))]
    [InlineData(nameof(StudentWeights.Fresh))]
    public void AFileLearnsWhatTheModelGives(string weights)
    {
        _models.Samples(1600).Samples(300, seed: 9, "judges.npy").Network("m.onnx", 64, 1);
        string file = _models.Network("student.onnx", 40, 2, names: ("image", "y", "scores"));
        ModelOptions options = _models.Options("m.onnx") with
        {
            Student = new(null, file), StudentWeights = Enum.Parse<StudentWeights>(weights),
            EvaluationData = new("judges.npy", _models.Folder), Metric = AccuracyMetric.Cosine,
        };

        CompilationOutcome student = ModelCompiler.Compile(options, default);
        CompilationOutcome untrained = ModelCompiler.Compile(options with { RecoverySteps = 1 }, default);

        Assert.Equal((24 * 40) + (40 * 20) + (20 * 6), student.Plan.Facts.Macs);
        double before = untrained.Plan.Facts.CompressedMetric!.Value, after = student.Plan.Facts.CompressedMetric!.Value;
        Assert.True(after > 0.85 && after > before + 0.3, $"{before} → {after}");
        Assert.Equal(["x"], student.Plan.Inputs.Select(i => i.OnnxName));
        Assert.Equal(["y"], student.Plan.Outputs.Select(o => o.OnnxName));
        Assert.Equal(student.Weights, ModelCompiler.Compile(options, default).Weights);
        Assert.Equal("student student.onnx", student.Lineage);
        Assert.Contains(weights == "Own" ? "its own weights" : "random weights",
            Assert.Single(student.Techniques, t => t.Technique == "Student").Notes[0], StringComparison.Ordinal);
    }

    /// <summary>What is settled about the model's inputs holds for those of a student and of teachers, whatever these are called.</summary>
    [Fact]
    public void SettingsHoldUnderOtherNames()
    {
        ModelBuilder Of(int seed, string x, string c, string y) => new ModelBuilder().Input(x, "n", "w").Input(c, 1)
            .Constant(y + "_w", Drawn(seed, LearningModels.Width, 6)).Node("MatMul", $"{x},{y}_w", y + "_p").Node("Mul", $"{y}_p,{c}", y)
            .Output(y);
        _models.Samples(40).Write("m.onnx", Of(1, "x", "c", "y").Bytes);
        _models.Write("other.onnx", Of(2, "image", "factor", "scores").Bytes);
        string other = Path.Combine(_models.Folder, "other.onnx");
        ModelOptions options = _models.Options("m.onnx") with
        {
            Shapes = MetadataValues.Shapes($"x=1,{LearningModels.Width}")!, Constants = MetadataValues.Constants("c=3")!, RecoverySteps = 5,
            Precision = ModelPrecision.Float32,
        };
        foreach (ModelOptions o in (ModelOptions[])[options with { Student = new(null, other) },
            options with { Recovery = true, Sparsity = 0.5, Teachers = [other] }])
        {
            CompilationOutcome outcome = ModelCompiler.Compile(o, default);
            Assert.Equal(["x"], outcome.Plan.Inputs.Select(i => i.OnnxName));
        }
        Graph settled = NamePairs.Renamed(ModelCompiler.ImportSettings(options), options.ModelPath, other, default) is var settings
            ? OnnxImporter.Import(other, settings).Graph : null!;
        Assert.Equal(["image"], settled.Inputs);

        // Elements of a sequence are called as it is; equal names are left alone, in whatever order.
        ImportOptions some = ImportOptions.Default.WithShape("x_1", 2, 3).WithShape("c", 4);
        Assert.Equal(["factor", "image_1"], NamePairs.Renamed(some, options.ModelPath, other, default).Shapes.Keys);
        _models.Write("turned.onnx", new ModelBuilder().Input("c", 1).Input("x", "n", "w").Node("Mul", "x,c", "y").Output("y").Bytes);
        Assert.Equal(["c", "x_1"],
            NamePairs.Renamed(some, options.ModelPath, Path.Combine(_models.Folder, "turned.onnx"), default).Shapes.Keys);
    }

    [Fact]
    public void TheStudentIsWhatIsExported()
    {
        _models.Samples(200).Network("m.onnx", 32, 1);
        string file = _models.Network("student.onnx", 16, 2, names: ("image", "y", "scores"));
        foreach (StudentChoice choice in (StudentChoice[])[new(0.5, null), new(null, file)])
        {
            CompilationOutcome outcome = ModelCompiler.Compile(
                _models.Options("m.onnx") with { Student = choice, ExportOnnx = true, RecoverySteps = 5 }, default);
            Graph exported = OnnxImporter.Import(outcome.QdqModel!, "q.onnx", ImportOptions.Default).Graph;
            Assert.Equal(["x"], exported.Inputs);
            Assert.Equal(["y"], exported.Outputs);
            Assert.Equal(outcome.Plan.Facts.Macs, ModelSize.Of(new(Passes.PassPipeline.Run(exported))).Macs);
        }
    }

    /// <summary>A recipe chooses for the student, which is trained once.</summary>
    [Fact]
    public void ARecipeChoosesForTheStudent()
    {
        _models.Samples(400).Network("m.onnx", 32, 1);
        ModelOptions options = _models.Options("m.onnx") with { Student = new(0.5, null), RecoverySteps = 10 };
        CompilationOutcome outcome = ModelCompiler.Compile(options with { Compression = CompressionRecipe.Smallest }, default);
        Assert.Equal(["Student", "Recipe"], outcome.Techniques.Take(2).Select(t => t.Technique));
        Assert.Single(outcome.Techniques, t => t.Technique == "Student");
    }

    /// <summary>Several samples at once go through the student, too.</summary>
    [Fact]
    public void BatchesAreOfTheStudent()
    {
        _models.Samples(200).Network("m.onnx", 128, 1);
        string file = _models.Network("student.onnx", 96, 2, names: ("image", "y", "scores"));
        foreach (StudentChoice choice in (StudentChoice[])[new(0.5, null), new(null, file)])
        {
            ModelOptions options = _models.Options("m.onnx") with { Student = choice, RecoverySteps = 5 };
            CompilationOutcome outcome = ModelCompiler.Compile(options, default);
            Assert.NotNull(outcome.Plan.Batch);
            var single = new PlanExecutor(outcome.Plan, outcome.Weights);
            Assert.True(SampleBatch.Agrees(single, new PlanExecutor(outcome.Plan, outcome.Weights, outcome.Plan.Entries.Count)));
        }
    }

    /// <summary>A share of the channels of a network that takes several sizes of images, and of one with a state.</summary>
    [Theory]
    [InlineData("shapes")]
    [InlineData("state")]
    public void ASharedWidthHoldsForAllShapesAndStates(string kind)
    {
        var random = new Random(4);
        Tensor Drawn(params int[] dimensions) =>
            Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => random.NextSingle() - 0.5f)], dimensions);
        ModelBuilder model = kind == "shapes"
            ? new ModelBuilder().Input("x", 1, 3, "h", "w").Constant("a", Drawn(16, 3, 3, 3)).Constant("b", Drawn(8, 16, 3, 3))
                .Node("Conv", "x,a", "c", ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", "c", "r").Node("Conv", "r,b", "d")
                .Node("GlobalAveragePool", "d", "p").Node("Flatten", "p", "y").Output("y")
            : new ModelBuilder().Input("x", 1, 12).Input("h", 1, 6).Constant("a", Drawn(12, 24)).Constant("b", Drawn(24, 6))
                .Node("MatMul", "x,a", "c").Node("Relu", "c", "r").Node("MatMul", "r,b", "s")
                .Node("Add", "s,h", "t").Node("Tanh", "t", "hn")
                .Constant("u", Drawn(6, 5)).Node("MatMul", "hn,u", "y").Output("y", "hn");
        _models.Write("m.onnx", model.Bytes);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        const int Count = 60;
        _models.Write("x.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest, kind == "shapes"
            ? [("x.npy", DataFiles.Npy(Values(Count * 3 * 8 * 8), "<f4", $"({Count}, 3, 8, 8)"))]
            : [("x.npy", DataFiles.Npy(Values(Count * 12), "<f4", $"({Count}, 12)")),
                ("h.npy", DataFiles.Npy(Values(Count * 6), "<f4", $"({Count}, 6)"))]));
        ModelOptions options = _models.Options("m.onnx") with
        {
            CalibrationData = new("x.npz", _models.Folder), RecoverySteps = 20,
            Shapes = MetadataValues.Shapes(kind == "shapes" ? "x=1,3,8,8" : "x=1,12")!,
            FurtherShapes = kind == "shapes" ? [new("", MetadataValues.Shapes("x=1,3,12,10")!)] : [],
            State = kind == "state" ? MetadataValues.Pairs("h=hn")! : MetadataValues.Pairs("a=b")!.Clear(),
        };

        CompilationOutcome whole = ModelCompiler.Compile(options, default);
        CompilationOutcome student = ModelCompiler.Compile(options with { Student = new(0.5, null) }, default);

        Assert.True(student.Plan.Facts.Macs < 0.7 * whole.Plan.Facts.Macs, $"{whole.Plan.Facts.Macs} → {student.Plan.Facts.Macs}");
        Assert.Equal(whole.Plan.Entries.Count, student.Plan.Entries.Count);
        Assert.Equal(whole.Plan.States.Count, student.Plan.States.Count);
    }

    [Theory]
    [InlineData("outputs", "its outputs are float32[1,5] instead of float32[1,6]")]
    [InlineData("samples", "there are 3 to learn from")]
    [InlineData("channels", "no channels")]
    [InlineData("quantised", "quantised already")]
    [InlineData("classes", "no output is a real number")]
    [InlineData("both", "would both have to be")]
    public void WhatDoesNotFitIsSaid(string kind, string expected)
    {
        _models.Samples(kind == "samples" ? 3 : 50).Network("m.onnx", 32, 1);
        _models.Network("student.onnx", 16, 2, outputs: kind == "outputs" ? 5 : LearningModels.Classes);
        if (kind == "channels")
            _models.Write("m.onnx", new ModelBuilder().Input("x", 1, LearningModels.Width).Node("Relu", "x", "y").Output("y").Bytes);
        if (kind == "quantised")
            _models.Write("m.onnx", ModelCompiler.Compile(_models.Options("m.onnx") with { ExportOnnx = true }, default).QdqModel!);
        // Whole numbers, behind which values of equal names are others.
        if (kind == "classes")
            foreach ((string file, int seed, int units) in ((string, int, int)[])[("m.onnx", 1, 9), ("student.onnx", 2, 4)])
                _models.Write(file, Chooser(seed, units).Output("y").Bytes);
        if (kind == "both")
        {
            _models.Write("m.onnx", new ModelBuilder().Input("x", 1, LearningModels.Width)
                .Constant("w", Drawn(1, LearningModels.Width, LearningModels.Width)).Node("MatMul", "x,w", "y").Output("y", "x").Bytes);
            _models.Write("student.onnx", new ModelBuilder().Input("i", 1, LearningModels.Width)
                .Constant("w", Drawn(1, LearningModels.Width, LearningModels.Width)).Node("MatMul", "i,w", "a").Node("Relu", "a", "b")
                .Output("a", "b").Bytes);
        }
        StudentChoice choice = kind is "channels" or "quantised" ? new(0.5, null) : new(null, Path.Combine(_models.Folder, "student.onnx"));

        ModelException error = Assert.Throws<ModelException>(() =>
            ModelCompiler.Compile(_models.Options("m.onnx") with { Student = choice }, default));

        Assert.Equal("OPT0072", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static ModelBuilder Chooser(int seed, int units) => new ModelBuilder().Input("x", 1, LearningModels.Width)
        .Constant("w", Drawn(seed, LearningModels.Width, units)).Node("MatMul", "x,w", "s").Node("ArgMax", "s", "y", ("axis", 1));

    private static Tensor Drawn(int seed, params int[] dimensions)
    {
        var random = new Random(seed);
        return Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => random.NextSingle() - 0.5f)], dimensions);
    }

    /// <summary>The outputs of a build depend on the student's file.</summary>
    [Fact]
    public void TheFileIsAnInput()
    {
        _models.Network("m.onnx", 32, 1);
        string file = _models.Network("student.onnx", 16, 2);
        ModelOptions options = _models.Options("m.onnx") with { CalibrationData = null, Student = new(null, file) };
        string Key() => Caching.CacheKey.Of(options, InputFiles.Of(options), default)!;
        string before = Key();
        Assert.Equal(before, Key());
        _models.Network("student.onnx", 16, 3);
        Assert.NotEqual(before, Key());
        before = Key();
        options = options with { StudentWeights = StudentWeights.Fresh };
        Assert.NotEqual(before, Key());
    }
}
