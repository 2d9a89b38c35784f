using System.IO.Compression;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>New last layers that learn the user's own classes from a few samples.</summary>
public sealed class HeadTests : IDisposable
{
    private const int Classes = 4;
    private readonly LearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFewSamplesOfEachClassSuffice(bool softmax)
    {
        _models.Samples(400).Network("m.onnx", 64, 1, softmax);
        Clusters("few.npz", 5, seed: 1);
        Clusters("judges.npz", 100, seed: 2);
        ModelOptions options = Options() with { EvaluationData = new("judges.npz", _models.Folder) };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal([1, Classes], outcome.Plan.Outputs[0].Dimensions);
        Assert.Equal(Classes, outcome.Plan.Classifier!.Classes);
        Assert.Equal(softmax, outcome.Plan.Classifier.ScoresAreProbabilities);
        Assert.Equal("Top-1", outcome.Plan.Facts.Metric);
        Assert.True(outcome.Plan.Facts.FloatMetric > 0.9 && outcome.Plan.Facts.CompressedMetric > 0.9,
            $"{outcome.Plan.Facts.FloatMetric} → {outcome.Plan.Facts.CompressedMetric}");
        Assert.Equal(outcome.Weights, ModelCompiler.Compile(options, default).Weights);
        TechniqueAccount account = outcome.Techniques[0];
        Assert.Equal("Head", account.Technique);
        Assert.StartsWith("4 classes from 20 samples, 5 of each, on the 32 features that", account.Notes[0], StringComparison.Ordinal);
        Assert.Equal("with a new head", outcome.Lineage);
        Assert.Equal(outcome.Plan.Outputs[0].Dimensions, ModelCompiler.DescribeSignature(options).Outputs[0].Dimensions);
        Assert.Equal(Classes, ModelCompiler.DescribeSignature(options).Classifier!.Classes);
    }

    /// <summary>Whatever is built from a model is built from the one with the new head.</summary>
    [Fact]
    public void EverythingElseFollows()
    {
        _models.Samples(400).Network("m.onnx", 128, 1);
        Clusters("few.npz", 6, seed: 1);
        Clusters("judges.npz", 60, seed: 2);
        ModelOptions options = Options() with { EvaluationData = new("judges.npz", _models.Folder), RecoverySteps = 100 };

        CompilationOutcome student = ModelCompiler.Compile(options with { Student = new(0.5, null), ExportOnnx = true }, default);
        Assert.Equal("with a new head, student 0.5x", student.Lineage);
        Assert.NotNull(student.Plan.Batch);
        Assert.True(student.Plan.Facts.CompressedMetric > 0.85, $"{student.Plan.Facts.CompressedMetric}");
        Graph exported = OnnxImporter.Import(student.QdqModel!, "q.onnx", ImportOptions.Default).Graph;
        Assert.Equal(TensorType.Float32(1, Classes), exported.TypeOf("y"));

        CompilationOutcome recovered = ModelCompiler.Compile(options with { Sparsity = 0.8, Recovery = true }, default);
        Assert.True(recovered.Plan.Facts.CompressedMetric > 0.9, $"{recovered.Plan.Facts.CompressedMetric}");
    }

    /// <summary>Of samples without labels those of whose class the head is sure help.</summary>
    [Fact]
    public void SamplesWithoutLabelsHelp()
    {
        _models.Network("m.onnx", 64, 1);
        Clusters("few.npz", 1, seed: 6, spread: 0.6f);
        Clusters("x.npz", 150, seed: 4, spread: 0.6f);
        Clusters("judges.npz", 250, seed: 2, spread: 0.6f);
        ModelOptions options = Options() with
        {
            CalibrationData = new("x.npz", _models.Folder), EvaluationData = new("judges.npz", _models.Folder),
            Precision = ModelPrecision.Float32,
        };
        CompilationOutcome alone = ModelCompiler.Compile(options, default);
        CompilationOutcome helped = ModelCompiler.Compile(options with { SelfTraining = true }, default);
        double before = alone.Plan.Facts.FloatMetric!.Value, after = helped.Plan.Facts.FloatMetric!.Value;
        Assert.True(after > before + 0.03, $"{before} → {after}");
        Assert.Contains(helped.Techniques[0].Notes, n => n.StartsWith("self-training: ", StringComparison.Ordinal));
    }

    /// <summary>A head learns by itself from no sample that judges.</summary>
    [Fact]
    public void OneFileForSelfTrainingIsDivided()
    {
        _models.Network("m.onnx", 64, 1);
        Clusters("few.npz", 2, seed: 6);
        Clusters("x.npz", 20, seed: 4);
        DataSpec both = new("x.npz", _models.Folder);
        ModelOptions options = Options() with
        {
            CalibrationData = both, EvaluationData = both with { Spec = "./x.npz" }, SelfTraining = true,
            Precision = ModelPrecision.Float32,
        };
        CompilationOutcome outcome = ModelCompiler.Compile(options, default);
        Assert.Contains("of 40 samples without labels", outcome.Techniques[0].Notes[^1], StringComparison.Ordinal);
        Assert.Equal(40, outcome.Plan.Facts.Samples);
        Assert.Contains("from 40 samples of EvaluationData", Assert.Single(outcome.Diagnostics, d => d.Descriptor.Code == "OPT0070").Text,
            StringComparison.Ordinal);
        Assert.DoesNotContain(ModelCompiler.Compile(options with { SelfTraining = false }, default).Diagnostics,
            d => d.Descriptor.Code == "OPT0070");
    }

    /// <summary>However the files are written: what a head learns from cannot judge it.</summary>
    [Theory]
    [InlineData("few.npz", "./few.npz")]
    [InlineData("sub/../few.npz", "few.npz")]
    [InlineData("parts", "./parts")]
    [InlineData("parts/", "parts")]
    public void SamplesOfAHeadJudgeNothing(string head, string judges)
    {
        _models.Network("m.onnx", 16, 1);
        Clusters("few.npz", 3, seed: 1);
        _models.Write("sub/nothing.txt", []);
        foreach (string file in (string[])["parts/a/0.png", "parts/b/0.png"])
            _models.Write(file, PngFile.Of(4, 2, 3, new byte[24]));
        ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(
            Options() with { Head = new(head, _models.Folder), EvaluationData = new(judges, _models.Folder) }, default));
        Assert.Equal("OPT0074", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains("what is learned from cannot judge", error.Message, StringComparison.Ordinal);
    }

    /// <summary>An editor, too, is told what is wrong with the samples that the signature depends on.</summary>
    [Fact]
    public void ASignatureNeedsTheSamples()
    {
        _models.Network("m.onnx", 16, 1);
        ModelException described = Assert.Throws<ModelException>(() => ModelCompiler.DescribeSignature(Options()));
        ModelException built = Assert.Throws<ModelException>(() => ModelCompiler.Compile(Options(), default));
        Assert.Equal(built.Diagnostics, described.Diagnostics);
        Assert.Contains("few.npz", described.Message, StringComparison.Ordinal);
    }

    /// <summary>What is to be said of the samples that a head learns from is said.</summary>
    [Fact]
    public void WhatIsWrongWithSamplesIsSaid()
    {
        var random = new Random(4);
        _models.Write("m.onnx", new ModelBuilder().Input("x", 1, 3, 4, 4).Constant("w", Drawn(random, 8, 3, 3, 3)).Node("Conv", "x,w", "c")
            .Node("GlobalAveragePool", "c", "p").Node("Flatten", "p", "f").Constant("v", Drawn(random, 8, 5)).Node("MatMul", "f,v", "y")
            .Output("y").Bytes);
        _models.Write("few.npz", DataFiles.Npz(CompressionLevel.Fastest,
            ("x.npy", DataFiles.Npy([.. Enumerable.Range(0, 8 * 48).Select(i => (byte)(i * 7))], "|u1", "(8, 3, 4, 4)")),
            ("y.npy", DataFiles.Npy([.. Enumerable.Range(0, 8).Select(i => (long)(i % 2))], "<i8", "(8,)"))));
        ModelOptions options = Options() with { CalibrationData = null, Precision = ModelPrecision.Float32 };
        Assert.Single(ModelCompiler.Compile(options, default).Diagnostics,
            d => d.Descriptor == DiagnosticCatalog.BytesWithoutScale);
        Assert.Single(ModelCompiler.Compile(options with { CalibrationData = options.Head, Precision = ModelPrecision.Int8 }, default)
            .Diagnostics, d => d.Descriptor == DiagnosticCatalog.BytesWithoutScale);
    }

    /// <summary>Where each class has many samples, the trainer goes on from the closed form.</summary>
    [Fact]
    public void ManySamplesAreTrainedOn()
    {
        _models.Network("m.onnx", 64, 1);
        Clusters("few.npz", 60, seed: 1, spread: 0.6f);
        CompilationOutcome outcome = ModelCompiler.Compile(Options() with { CalibrationData = new("few.npz", _models.Folder) }, default);
        Assert.StartsWith("trained on 192 of them: loss on the 48 others", outcome.Techniques[0].Notes[^1], StringComparison.Ordinal);
    }

    /// <summary>The closed form is that of the equations, however many samples and features there are.</summary>
    [Theory]
    [InlineData(8, 40)]
    [InlineData(60, 6)]
    public void LeavingOutIsWhatItSays(int samples, int features)
    {
        var random = new Random(3);
        int[] labels = [.. Enumerable.Range(0, samples).Select(i => i % 2)];
        float[][] rows = [.. labels.Select(l => Enumerable.Range(0, features)
            .Select(f => random.NextSingle() + (f == 0 ? 0.8f * l : 0)).ToArray())];
        RidgeClassifier all = RidgeClassifier.Fit(rows, labels, [.. labels.Select(_ => 1.0)], 2);
        int right = 0;
        for (int i = 0; i < samples; i++)
        {
            int[] others = [.. Enumerable.Range(0, samples).Where(o => o != i)];
            double[] logits = RidgeClassifier.Fit([.. others.Select(o => rows[o])], [.. others.Select(o => labels[o])],
                [.. others.Select(_ => 1.0)], 2, like: all).Logits(rows[i]);
            right += (logits[1] > logits[0] ? 1 : 0) == labels[i] ? 1 : 0;
        }
        // The ridge is in proportion to the power of the samples, which changes a little with each.
        Assert.InRange(all.LeftOutRight!.Value, ((double)right / samples) - 0.15, ((double)right / samples) + 0.15);
    }

    /// <summary>What a sample would get without itself is what the equations without it give, in both of their forms.</summary>
    [Theory]
    [InlineData(12, 30, true)]
    [InlineData(40, 7, false)]
    public void LeftOutResultsAreThoseOfTheEquations(int samples, int features, bool dual)
    {
        const int Kinds = 3;
        const double Ridge = 0.3;
        var random = new Random(11);
        int[] labels = [.. Enumerable.Range(0, samples).Select(i => i < 3 ? i : random.Next(Kinds))];
        double[] trust = [.. labels.Select(_ => 0.5 + random.NextDouble())];
        float[][] rows = [.. labels.Select(l => Enumerable.Range(0, features)
            .Select(f => random.NextSingle() + (f == l ? 0.8f : 0)).ToArray())];
        double[] weights = [.. labels.Select((l, i) => trust[i] / (labels.Zip(trust).Where(p => p.First == l).Sum(p => p.Second) * Kinds))];
        double power = Enumerable.Range(0, features).Average(f =>
        {
            double mean = rows.Select((r, i) => weights[i] * r[f]).Sum();
            return rows.Select((r, i) => weights[i] * (r[f] - mean) * (r[f] - mean)).Sum();
        });
        var problem = new RidgeClassifier.Problem(rows, labels, trust, Kinds);
        Assert.Equal(dual, problem.IsDual);
        double[][] found = problem.Solve(Ridge).LeftOut;
        for (int left = 0; left < samples; left++)
            for (int c = 0; c < Kinds; c++)
            {
                // Σ w (β·x + b − t)² + ridge |β|² over the others.
                int size = features + 1;
                var equations = new double[size, size + 1];
                for (int i = 0; i < samples; i++)
                {
                    double[] x = i == left ? new double[size] : [.. rows[i].Select(v => (double)v), 1];
                    for (int a = 0; a < size; a++)
                    {
                        for (int b = 0; b < size; b++)
                            equations[a, b] += weights[i] * x[a] * x[b];
                        equations[a, size] += weights[i] * x[a] * (labels[i] == c ? 1 : 0);
                    }
                }
                for (int a = 0; a < features; a++)
                    equations[a, a] += Ridge * power;
                double[] solved = Solved(equations, size);
                double expected = rows[left].Select((v, f) => v * solved[f]).Sum() + solved[features];
                Assert.InRange(found[left][c], expected - 1e-9, expected + 1e-9);
            }

        // By elimination with pivots.
        static double[] Solved(double[,] m, int size)
        {
            for (int k = 0; k < size; k++)
            {
                int pivot = Enumerable.Range(k, size - k).MaxBy(r => Math.Abs(m[r, k]));
                for (int j = 0; j <= size; j++)
                    (m[k, j], m[pivot, j]) = (m[pivot, j], m[k, j]);
                for (int r = 0; r < size; r++)
                {
                    double factor = r == k ? 0 : m[r, k] / m[k, k];
                    for (int j = k; j <= size && factor != 0; j++)
                        m[r, j] -= factor * m[k, j];
                }
            }
            return [.. Enumerable.Range(0, size).Select(k => m[k, size] / m[k, k])];
        }
    }

    /// <summary>Convolutional networks end in averages and convolutions as well.</summary>
    [Theory]
    [InlineData("average", "")]
    [InlineData("convolution", "")]
    [InlineData("sum", "between the output 'y' and the last layer there is")]
    [InlineData("none", "no layer with weights")]
    [InlineData("rows", "the last layer 'MatMul_2' reads several rows for one sample")]
    public void TheLastLayerIsFound(string end, string expected)
    {
        var random = new Random(2);
        ModelBuilder model = new ModelBuilder().Input("x", 1, 3, 8, 8)
            .Constant("w", Drawn(random, 12, 3, 3, 3)).Node("Conv", "x,w", "c").Node("Relu", "c", "r")
            .Constant("v", Drawn(random, 5, 12, 1, 1));
        model = end switch
        {
            "average" => model.Node("GlobalAveragePool", "r", "p").Node("Flatten", "p", "f").Constant("u", Drawn(random, 12, 5))
                .Node("MatMul", "f,u", "m").Constant("b", Drawn(random, 5)).Node("Add", "m,b", "s").Node("Softmax", "s", "y"),
            "convolution" => model.Node("Conv", "r,v", "d").Node("Relu", "d", "e").Node("GlobalAveragePool", "e", "p")
                .Node("Flatten", "p", "y"),
            "rows" => new ModelBuilder().Input("x", 1, 3, 12).Constant("shape", Tensor.Of([3L, 12], 2)).Node("Reshape", "x,shape", "t")
                .Constant("q", Drawn(random, 12, 5)).Constant("axes", Tensor.Of([0L], 1)).Node("MatMul", "t,q", "s")
                .Node("ReduceMean", "s,axes", "y"),
            "sum" => model.Node("GlobalAveragePool", "r", "p").Node("Flatten", "p", "f").Node("Add", "f,f", "y"),
            _ => new ModelBuilder().Input("x", 1, 12).Node("Relu", "x", "y"),
        };
        Graph graph = model.Output("y").Import();
        HeadPlace? place = HeadPlace.Find(graph, "y", out string obstacle);
        Assert.Equal(expected.Length == 0, place is not null);
        Assert.StartsWith(expected, obstacle, StringComparison.Ordinal);
        if (place is null)
            return;
        Assert.Equal(12, place.Features(graph));
        Graph replaced = place.Replace(graph, Drawn(random, 12, 7), Drawn(random, 7));
        Assert.Equal(TensorType.Float32(1, 7), replaced.TypeOf("y"));
        Tensor x = Drawn(random, 1, 3, 8, 8);
        float[] features = new GraphEvaluator(place.Body(graph)).Evaluate([x])[0].Values<float>(), answers =
            new GraphEvaluator(replaced).Evaluate([x])[0].Values<float>();
        Assert.Equal(12, features.Length);
        Assert.Equal(end == "average", Math.Abs(answers.Sum() - 1) < 1e-5);
    }

    [Fact]
    public void FoldersNameTheClasses()
    {
        var random = new Random(5);
        string[] names = ["bolt", "nut", "washer"];
        for (int c = 0; c < names.Length; c++)
            for (int i = 0; i < 4; i++)
                _models.Write($"parts/{names[c]}/{i}.png", PngFile.Of(8, 8, 3, [.. Enumerable.Range(0, 8 * 8 * 3)
                    .Select(p => (byte)((p % 3 == c ? 180 : 30) + random.Next(40)))]));
        _models.Write("m.onnx", new ModelBuilder().Input("x", 1, 3, 8, 8).Constant("w", Drawn(random, 12, 3, 3, 3)).Node("Conv", "x,w", "c")
            .Node("Relu", "c", "r").Node("GlobalAveragePool", "r", "p").Node("Flatten", "p", "f").Constant("u", Drawn(random, 12, 5))
            .Node("MatMul", "f,u", "y").Output("y").Bytes);
        ModelOptions options = ItemMetadata.Parse("m.onnx",
            new Dictionary<string, string> { ["Head"] = "parts", ["Preprocess"] = "Unit", ["CalibrationData"] = "parts" },
            _models.Folder, "N");

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(names, outcome.Plan.Classifier!.Labels);
        Assert.Equal(["Bolt", "Nut", "Washer"], outcome.Plan.Classifier.LabelIdentifiers);
        Assert.Equal(names, ModelCompiler.DescribeSignature(options).Classifier!.Labels);
        Assert.Contains("100.0 % right", outcome.Techniques[0].Notes[1], StringComparison.Ordinal);
    }

    /// <summary>Labels that are texts are the names of the classes, in the data that judge as well.</summary>
    [Fact]
    public void TextsNameTheClasses()
    {
        _models.Samples(200).Network("m.onnx", 64, 1);
        string[] names = ["washer", "bolt", "nut"];
        foreach (string file in (string[])["few.npz", "judges.npz"])
        {
            float[] x = [.. Enumerable.Range(0, 12 * LearningModels.Width)
                .Select(i => (i % LearningModels.Width) == (i / LearningModels.Width % 3) ? 1f : 0.1f * (i / LearningModels.Width / 3))];
            string letters = string.Concat(Enumerable.Range(0, 12).Select(i => names[i % 3].PadRight(6, '\0')));
            _models.Write(file, DataFiles.Npz(CompressionLevel.Fastest,
                ("x.npy", DataFiles.Npy(x, "<f4", $"(12, {LearningModels.Width})")),
                ("y.npy", DataFiles.Npy([.. letters.Select(c => (int)c)], "<U6", "(12,)"))));
        }
        ModelOptions options = Options() with { EvaluationData = new("judges.npz", _models.Folder) };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(["bolt", "nut", "washer"], outcome.Plan.Classifier!.Labels);
        Assert.Equal(1, outcome.Plan.Facts.FloatMetric);
    }

    [Theory]
    [InlineData("no labels", "have no class each")]
    [InlineData("a gap", "class 1 has no sample")]
    [InlineData("one class", "one class only")]
    [InlineData("halves", "which is no number of a class")]
    public void WhatDoesNotFitIsSaid(string kind, string expected)
    {
        _models.Samples(8).Network("m.onnx", 16, 1);
        byte[] x = File.ReadAllBytes(Path.Combine(_models.Folder, "x.npy"));
        float[] y = kind switch
        {
            "a gap" => [0, 0, 0, 2, 2, 2, 3, 3],
            "one class" => new float[8],
            _ => [0, 0.5f, 1, 1, 1, 1, 1, 1],
        };
        _models.Write("few.npz", kind == "no labels" ? DataFiles.Npz(CompressionLevel.Fastest, ("x.npy", x))
            : DataFiles.Npz(CompressionLevel.Fastest, ("x.npy", x), ("y.npy", DataFiles.Npy(y, "<f4", "(8,)"))));
        ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(Options(), default));
        Assert.Equal("OPT0074", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private ModelOptions Options() => _models.Options("m.onnx") with
    {
        Head = new("few.npz", _models.Folder), Task = ModelTask.Classification,
    };

    // Samples around a centre of each class, with their classes.
    private void Clusters(string name, int each, int seed, float spread = 0.35f)
    {
        var centres = new Random(77);
        float[][] middle = [.. Enumerable.Range(0, Classes).Select(_ =>
            Enumerable.Range(0, LearningModels.Width).Select(_ => (centres.NextSingle() * 2) - 1).ToArray())];
        var random = new Random(seed);
        var x = new List<float>();
        var y = new List<long>();
        for (int i = 0; i < each * Classes; i++)
        {
            y.Add(i % Classes);
            x.AddRange(middle[i % Classes].Select(m => m + (spread * ((random.NextSingle() * 2) - 1) * 2)));
        }
        _models.Write(name, DataFiles.Npz(CompressionLevel.Fastest,
            ("x.npy", DataFiles.Npy(x.ToArray(), "<f4", $"({y.Count}, {LearningModels.Width})")),
            ("y.npy", DataFiles.Npy(y.ToArray(), "<i8", $"({y.Count},)"))));
    }

    private static Tensor Drawn(Random random, params int[] dimensions) =>
        Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => (random.NextSingle() * 2) - 1)], dimensions);
}
