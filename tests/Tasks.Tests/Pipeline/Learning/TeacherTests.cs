using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Several models that teach one.</summary>
public sealed class TeacherTests : IDisposable
{
    private readonly LearningModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>Scores are averaged as scores, probabilities as probabilities, and a model of scores learns logarithms of these.</summary>
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    public void WhatIsLearnedIsTheMean(bool model, bool first, bool second)
    {
        Graph learner = Import("m.onnx", 1, model);
        (string, Graph)[] teachers =
            [("a", Import("a.onnx", 2, first)), ("b", Import("b.onnx", 3, second, names: ("image", "y", "scores")))];
        IReadOnlyList<IReadOnlyList<Tensor>> samples = Drawn(20);

        Graph joined = TeacherEnsemble.Of(learner, teachers, samples);

        Assert.Equal(learner.Inputs, joined.Inputs);
        Assert.Equal(learner.Outputs, joined.Outputs);
        Assert.Equal(learner.TypeOf("y"), joined.TypeOf("y"));
        var all = new GraphEvaluator(joined);
        GraphEvaluator[] each = [.. teachers.Select(t => new GraphEvaluator(t.Item2))];
        bool asProbabilities = model || first || second;
        foreach (IReadOnlyList<Tensor> sample in samples)
        {
            double[][] answers = [.. each.Select((e, i) => Row(e.Evaluate(sample)[0], asProbabilities && !(i == 0 ? first : second)))];
            double[] mean = [.. answers[0].Zip(answers[1], (a, b) => (a + b) / 2)];
            if (asProbabilities && !model)
                mean = Array.ConvertAll(mean, p => Math.Log(p));
            float[] found = all.Evaluate(sample)[0].Values<float>();
            Assert.All(mean.Zip(found), p => Assert.Equal(p.First, p.Second, 4));
        }

        static double[] Row(Tensor y, bool softmax)
        {
            double[] values = Array.ConvertAll(y.Values<float>(), v => softmax ? Math.Exp(v) : v);
            return softmax ? [.. values.Select(v => v / values.Sum())] : values;
        }
    }

    /// <summary>A forest gives labels and probabilities under names of its own; what a network learns from it are these.</summary>
    [Fact]
    public void AForestTeachesANetwork()
    {
        var trees = new RandomTrees(4, new()
        {
            Features = LearningModels.Width, Trees = 12, Targets = LearningModels.Classes, TracksMissing = false, Modes = [0],
            Threshold = r => (r.NextDouble() * 2) - 1,
        });
        _models.Samples(800).Write("forest.onnx", trees.Classifier(
            1, ("post_transform", "SOFTMAX"), ("classlabels_int64s", new long[] { 0, 1, 2, 3, 4, 5 })).Bytes);
        _models.Network("m.onnx", 48, 1, softmax: true);
        ModelOptions options = _models.Options("m.onnx") with
        {
            Recovery = true, Precision = ModelPrecision.Float32, RecoverySteps = 150,
            Teachers = [Path.Combine(_models.Folder, "forest.onnx")],
        };

        CompilationOutcome taught = ModelCompiler.Compile(options, default);

        TechniqueAccount account = Assert.Single(taught.Techniques, t => t.Technique == "Recovery");
        Assert.Contains("learned is the mean of 1 teachers", account.Notes[^1], StringComparison.Ordinal);
        Assert.Equal("taught by forest.onnx", taught.Lineage);
        Graph forest = OnnxImporter.Import(options.Teachers[0], ImportOptions.Default).Graph;
        var teacher = new GraphEvaluator(forest);
        var student = new Evaluation.PlanExecutor(taught.Plan, taught.Weights);
        var plain = new GraphEvaluator(OnnxImporter.Import(options.ModelPath, ImportOptions.Default).Graph);
        double before = 0, after = 0;
        foreach (IReadOnlyList<Tensor> sample in Drawn(100))
        {
            float[] wanted = teacher.Evaluate(sample)[1].Values<float>();
            before += Distance(wanted, plain.Evaluate(sample)[0].Values<float>());
            after += Distance(wanted, student.Run([.. sample])[0].Values<float>());
        }
        Assert.True(after < 0.6 * before, $"{before:g3} → {after:g3}");
        Assert.Equal(taught.Weights, ModelCompiler.Compile(options, default).Weights);

        static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum();
    }

    /// <summary>A student between two teachers learns their mean better than one that learns from one of them.</summary>
    [Fact]
    public void AStudentLearnsTheMean()
    {
        _models.Samples(1200).Network("m.onnx", 48, 1);
        string[] files = [_models.Network("a.onnx", 40, 2), _models.Network("b.onnx", 40, 3)];
        IReadOnlyList<IReadOnlyList<Tensor>> judges = Drawn(200);
        Graph mean = TeacherEnsemble.Of(Imported("m.onnx"), [("a", Imported("a.onnx")), ("b", Imported("b.onnx"))], judges);
        ModelOptions options = _models.Options("m.onnx") with { Student = new(0.5, null), Precision = ModelPrecision.Float32 };

        double both = Cosine(options with { Teachers = [.. files] }), one = Cosine(options with { Teachers = [files[0]] });

        Assert.True(both > one + 0.05 && both > 0.7, $"{one} → {both}");

        double Cosine(ModelOptions o)
        {
            CompilationOutcome outcome = ModelCompiler.Compile(o, default);
            var student = new Evaluation.PlanExecutor(outcome.Plan, outcome.Weights);
            var teacher = new GraphEvaluator(mean);
            var metric = new Metrics.Cosine();
            foreach (IReadOnlyList<Tensor> sample in judges)
                metric.Accumulate(student.Run([.. sample])[0].Values<float>(), teacher.Evaluate(sample)[0].Values<float>());
            return metric.Value;
        }
    }

    /// <summary>Axes of one place make no difference: probabilities are made along the axis where the model has its classes.</summary>
    [Theory]
    [InlineData("1,6", false, "1,6,1,1", false)]
    [InlineData("1,6", true, "1,6,1,1", false)]
    [InlineData("1,6", true, "1,6,1,1", true)]
    [InlineData("1,6", false, "1,6,1,1", true)]
    [InlineData("1,6,1,1", true, "1,6", false)]
    [InlineData("1,6,1,1", true, "1,6,1,1", false)]
    [InlineData("1,6,1,1", true, "1,6,1,1", true)]
    [InlineData("1,3,2,1", true, "1,3,2", false)]
    [InlineData("1,3,2,1", false, "1,3,2,1", true)]
    public void ClassesLieAlongOneAxis(string shape, bool softmax, string other, bool otherSoftmax)
    {
        Graph model = Shaped(shape, softmax, 1), teacher = Shaped(other, otherSoftmax, 2);
        IReadOnlyList<IReadOnlyList<Tensor>> samples = Drawn(20);
        Graph joined = TeacherEnsemble.Of(model, [("t", teacher)], samples);
        Assert.Equal(model.TypeOf("y"), joined.TypeOf("y"));
        Assert.All(samples, sample =>
        {
            double[] wanted = Array.ConvertAll(new GraphEvaluator(teacher).Evaluate(sample)[0].Values<float>(), v => (double)v);
            int classes = shape.Contains('3', StringComparison.Ordinal) ? 3 : 6, places = 6 / classes;
            if (softmax && !otherSoftmax)
                for (int p = 0; p < places; p++)
                {
                    double sum = Enumerable.Range(0, classes).Sum(c => Math.Exp(wanted[(c * places) + p]));
                    for (int c = 0; c < classes; c++)
                        wanted[(c * places) + p] = Math.Exp(wanted[(c * places) + p]) / sum;
                }
            if (!softmax && otherSoftmax)
                wanted = Array.ConvertAll(wanted, Math.Log);
            Assert.All(wanted.Zip(new GraphEvaluator(joined).Evaluate(sample)[0].Values<float>()),
                p => Assert.Equal(p.First, p.Second, 4));
        });
    }

    /// <summary>Classes in another order than the model's are none that it could learn.</summary>
    [Theory]
    [InlineData("1,3,2,1", true, "1,2,3,1", false)]
    [InlineData("1,3,2,1", true, "1,6", false)]
    [InlineData("1,3,2,1", false, "1,2,3,1", false)]
    [InlineData("1,2,3", true, "1,2,3,1", true)]
    public void ClassesInAnotherOrderDoNotFit(string shape, bool softmax, string other, bool otherSoftmax)
    {
        ModelException error = Assert.Throws<ModelException>(() =>
            TeacherEnsemble.Of(Shaped(shape, softmax, 1), [("t", Shaped(other, otherSoftmax, 2, axis: 2))], Drawn(20)));
        Assert.Equal("OPT0073", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains("in another order", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Inputs and outputs of the same names are the same ones, in whatever order.</summary>
    [Fact]
    public void EqualNamesGoTogether()
    {
        Graph Of(int seed, params string[] order)
        {
            var random = new Random(seed);
            Tensor Weights() => Tensor.Of([.. Enumerable.Range(0, 24).Select(_ => random.NextSingle() - 0.5f)], 4, 6);
            ModelBuilder model = new ModelBuilder().Input(order[0], 1, 4).Input(order[1], 1, 4)
                .Constant("v", Weights()).Constant("w", Weights()).Node("MatMul", "a,v", "p").Node("MatMul", "b,w", "q");
            return model.Output(order[2], order[3]).Import();
        }
        Graph learner = Of(1, "a", "b", "p", "q"), teacher = Of(2, "b", "a", "q", "p");
        Tensor a = Tensor.Of([1f, 2, 3, 4], 1, 4), b = Tensor.Of([-1f, 5, 0.5f, 2], 1, 4);
        Graph joined = TeacherEnsemble.Of(learner, [("t", teacher)], [[a, b]]);
        Tensor[] wanted = new GraphEvaluator(teacher).Evaluate([b, a]), found = new GraphEvaluator(joined).Evaluate([a, b]);
        Assert.Equal(wanted[1].Values<float>(), found[0].Values<float>());
        Assert.Equal(wanted[0].Values<float>(), found[1].Values<float>());

        // So it is with a student's file.
        Graph student = StudentFile.WithNamesOf(teacher, learner, why => throw new InvalidOperationException(why));
        Assert.Equal(learner.Inputs, student.Inputs);
        Assert.Equal(learner.Outputs, student.Outputs);
        found = new GraphEvaluator(student).Evaluate([a, b]);
        Assert.Equal(wanted[1].Values<float>(), found[0].Values<float>());
        Assert.Equal(wanted[0].Values<float>(), found[1].Values<float>());
    }

    private static Graph Shaped(string shape, bool softmax, int seed, int axis = 1)
    {
        var random = new Random(seed);
        long[] dimensions = [.. shape.Split(',').Select(d => long.Parse(d, System.Globalization.CultureInfo.InvariantCulture))];
        ModelBuilder model = new ModelBuilder().Input("x", 1, LearningModels.Width)
            .Constant("w", Tensor.Of([.. Enumerable.Range(0, LearningModels.Width * 6).Select(_ => random.NextSingle() - 0.5f)],
                LearningModels.Width, 6))
            .Constant("shape", Tensor.Of(dimensions, dimensions.Length)).Node("MatMul", "x,w", "m");
        model = softmax ? model.Node("Reshape", "m,shape", "s").Node("Softmax", "s", "y", ("axis", axis))
            : model.Node("Reshape", "m,shape", "y");
        return model.Output("y").Import();
    }

    [Fact]
    public void WhatDoesNotFitIsSaid()
    {
        _models.Samples(50).Network("m.onnx", 32, 1);
        string few = _models.Network("few.onnx", 32, 1, outputs: 5);
        string wide = _models.Write("wide.onnx", new ModelBuilder().Input("x", 1, 7).Node("Relu", "x", "y").Output("y").Bytes);
        foreach ((string file, string expected) in ((string, string)[])
            [(few, "'few.onnx' cannot teach the model: it has no output of float32[1,6]"), (wide, "its inputs are float32[1,7]")])
        {
            ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(
                _models.Options("m.onnx") with { Recovery = true, Teachers = [file] }, default));
            Assert.Equal("OPT0073", error.Diagnostics[0].Descriptor.Code);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    private Graph Import(string file, int seed, bool softmax, (string Input, string Hidden, string Output)? names = null)
    {
        _models.Network(file, 32, seed, softmax, names: names);
        return Imported(file);
    }

    private Graph Imported(string file) => OnnxImporter.Import(Path.Combine(_models.Folder, file), ImportOptions.Default).Graph;

    private static IReadOnlyList<IReadOnlyList<Tensor>> Drawn(int count)
    {
        var random = new Random(8);
        return [.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<Tensor>)[Tensor.Of(
            [.. Enumerable.Range(0, LearningModels.Width).Select(_ => (random.NextSingle() * 2) - 1)], 1, LearningModels.Width)])];
    }
}
