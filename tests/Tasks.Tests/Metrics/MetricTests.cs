using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Metrics;

public sealed class MetricTests
{
    [Fact]
    public void TopKCountsRanks()
    {
        var top1 = new TopK(1);
        var top5 = new TopK(5);
        Assert.True(double.IsNaN(top1.Value));
        foreach (Metric metric in (Metric[])[top1, top5])
        {
            metric.Accumulate([1, 3, 2, 0, 0, 0, 0], [1]);
            metric.Accumulate([1, 3, 3, 0, 0, 0, 0], [2]);
            metric.Accumulate([1, 1, 1, 1, 1, 1, 1], [6]);
            metric.Accumulate([float.NaN, 1, 0, 0, 0, 0, 0], [0]);
        }
        Assert.Equal(0.25, top1.Value);
        Assert.Equal(0.5, top5.Value);
    }

    [Fact]
    public void ErrorsAndCorrelations()
    {
        var error = new MeanSquaredError();
        error.Accumulate([1, 2], [1, 4]);
        error.Accumulate([0, 0], [1, 1]);
        Assert.Equal(1.5, error.Value);

        var cosine = new Cosine();
        cosine.Accumulate([1, 0], [2, 0]);
        cosine.Accumulate([1, 0], [0, 1]);
        cosine.Accumulate([0, 0], [0, 0]);
        cosine.Accumulate([0, 0], [0, 1]);
        Assert.Equal(0.5, cosine.Value);

        var fit = new CoefficientOfDetermination();
        foreach ((float output, float target) in ((float, float)[])[(1, 1), (2, 2), (3, 4)])
            fit.Accumulate([output], [target]);
        Assert.Equal(1 - (1 / (14.0 / 3)), fit.Value, 12);
    }

    [Fact]
    public void DropsAreAbsoluteOrRelative()
    {
        Assert.Equal(0.01, new TopK(1).Drop(0.98, 0.97), 12);
        Assert.Equal(-0.01, new CoefficientOfDetermination().Drop(0.97, 0.98), 12);
        Assert.Equal(0.5, new MeanSquaredError().Drop(2, 3), 12);
        Assert.Equal(double.PositiveInfinity, new MeanSquaredError().Drop(0, 1));
        Assert.Equal(0, new MeanSquaredError().Drop(0, 0));
        Assert.Equal(double.PositiveInfinity, new Cosine().Drop(1, double.NaN));
    }

    private static readonly ModelOptions Options = new() { ModelPath = "/m.onnx", Name = "m", ClassName = "M" };

    private static readonly Graph Classifier = DataFiles.Model(("x", TensorType.Float32(1, 10)));

    [Fact]
    public void TheDefaultFollowsFromTheData()
    {
        Assert.Equal((AccuracyMetric.Top1, MetricReference.Labels), Choice(Tensor.Of(new long[] { 3, 9 }, 2)));
        Assert.Equal((AccuracyMetric.R2, MetricReference.Targets), Choice(Tensor.Of(new float[20], 2, 10)));
        Assert.Equal((AccuracyMetric.MeanSquaredError, MetricReference.ModelInput), Choice(null));
        var other = AccuracyMeasurement.Decide(Options, DataFiles.Model(("x", TensorType.Float32(1, 10)), ("z", TensorType.Float32(1))),
            new SampleSet([[], []], Synthetic: true));
        Assert.Equal((AccuracyMetric.Cosine, MetricReference.FloatModel), (other.Kind, other.Reference));

        static (AccuracyMetric, MetricReference) Choice(Tensor? labels)
        {
            var decided = AccuracyMeasurement.Decide(Options, Classifier, Samples(labels));
            return (decided.Kind, decided.Reference);
        }
    }

    [Fact]
    public void LabelsMustFit()
    {
        AssertMismatch(Tensor.Of(new long[] { 0, 10 }, 2), "labels 0 to 9");
        AssertMismatch(Tensor.Of(new long[] { 3, -1 }, 2), "labels 0 to 9");
        AssertMismatch(Tensor.Of(new float[] { 3, 0.5f }, 2), "integer class labels");
        AssertMismatch(Tensor.Of(new long[] { 3, 1, 2 }, 3), "one label for each of 2 samples");
        AssertMismatch(null, "class labels named 'y'");

        static void AssertMismatch(Tensor? labels, string text)
        {
            var error = Assert.Throws<ModelException>(() => AccuracyMeasurement.Decide(
                Options with { Metric = AccuracyMetric.Top1 }, Classifier, Samples(labels)));
            Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
            Assert.Contains(text, error.Diagnostic.Text);
        }
    }

    [Fact]
    public void SamplesAreComparedWithTheirOwnReference()
    {
        AccuracyMeasurement measurement = AccuracyMeasurement.Decide(Options, Classifier, Samples(Tensor.Of(new long[] { 3, 9 }, 2)));
        Metric metric = measurement.NewMetric();
        Tensor output = Tensor.Of(new float[] { 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 1, 10);
        measurement.Accumulate(metric, 0, [output], [output], [output]);
        measurement.Accumulate(metric, 1, [output], [output], [output]);
        Assert.Equal(0.5, metric.Value);

        // A model of batch two: two rows of scores and two labels a sample.
        Graph batch = DataFiles.Model(("x", TensorType.Float32(2, 5)));
        measurement = AccuracyMeasurement.Decide(Options, batch, Samples(Tensor.Of(new long[] { 3, 4, 1, 1 }, 4)));
        metric = measurement.NewMetric();
        Tensor rows = output.Reshape(2, 5);
        measurement.Accumulate(metric, 0, [rows], [rows], [rows]);
        Assert.Equal(0.5, metric.Value);
    }

    [Fact]
    public void LabelsAreUnderstoodInEveryUsualForm()
    {
        var oneHot = new float[20];
        (oneHot[3], oneHot[19]) = (1, 1);
        var type = TensorType.Float32(1, 10);
        foreach ((Tensor labels, float[] indices, int first) in ((Tensor, float[], int)[])
        [
            (Tensor.Of(new float[] { 3, 9 }, 2), [3, 9], 0), (Tensor.Of(new double[] { 0, 1 }, 2, 1), [0, 1], 0),
            (Tensor.Of(oneHot, 2, 10), [3, 9], 0), (Tensor.Of(new long[] { 1, 10 }, 2), [0, 9], 1),
            (Tensor.Of(new byte[] { 1, 9 }, 2), [1, 9], 0),
        ])
        {
            ClassLabels? read = ClassLabels.TryRead(labels, type, 2, out _, out string found);
            Assert.Equal("", found);
            Assert.Equal(indices, read!.Indices);
            Assert.Equal((first, 1), (read.First, read.PerSample));
            Assert.Equal(AccuracyMetric.Top1, AccuracyMeasurement.Decide(Options, Classifier, Samples(labels)).Kind);
        }
        foreach ((Tensor labels, string text) in ((Tensor, string)[])
        [
            (Tensor.Of(new long[] { 0, 10 }, 2), "from 0 to 10"), (Tensor.Of(new long[] { 1, 11 }, 2), "from 1 to 11"),
            (Tensor.Of(new long[] { 1, 2, 3 }, 3), "int64[3]"), (Tensor.Of(new float[] { 1, 0.5f }, 2), "with 0.5"),
            (Tensor.Of(new float[] { 1, float.NaN }, 2), "with NaN"), (Tensor.Of(new long[1], 1), "int64[1]"),
        ])
        {
            Assert.Null(ClassLabels.TryRead(labels, type, 2, out string expected, out string found));
            Assert.Contains(text, found, StringComparison.Ordinal);
            Assert.Contains("one label for each of 2 samples, labels 0 to 9", expected, StringComparison.Ordinal);
        }
    }

    /// <summary>Whoever says in the item that there are labels does not get another metric because they are not found.</summary>
    [Fact]
    public void TheMetricNeverChangesWithoutAWord()
    {
        SampleSet nothing = Samples(null);
        var others = new SampleSet([[], []], Synthetic: false)
        {
            Data = new DataSet("data", [new("x", Tensor.Of(new float[20], 2, 10)), new("annotations", Tensor.Of(new long[2], 2))], "y"),
        };
        foreach (ModelOptions options in (ModelOptions[])
        [
            Options with { Task = ModelTask.Classification }, Options with { LabelsPath = "/labels.txt" },
            Options with { LabelKey = "lable" },
            Options with { MaxAccuracyDrop = 0.01 }, Options with { MaxClassAccuracyDrop = 0.01 },
        ])
        {
            ModelException error = Assert.Throws<ModelException>(() => AccuracyMeasurement.Decide(options, Classifier, others));
            Assert.Contains("annotations int64[2]; LabelKey names another array", error.Message, StringComparison.Ordinal);
            if (options.MaxAccuracyDrop is null && options.MaxClassAccuracyDrop is null)
                Assert.Throws<ModelException>(() => AccuracyMeasurement.Decide(options, Classifier, nothing));
            else
                Assert.Equal(AccuracyMetric.MeanSquaredError, AccuracyMeasurement.Decide(options, Classifier, nothing).Kind);
        }
        Assert.Equal(AccuracyMetric.MeanSquaredError, AccuracyMeasurement.Decide(Options, Classifier, others).Kind);
        Assert.Throws<ModelException>(() => AccuracyMeasurement.Decide(
            Options with { Task = ModelTask.Classification }, Classifier, Samples(Tensor.Of(new float[20], 2, 10))));
        Assert.Equal(AccuracyMetric.R2, AccuracyMeasurement.Decide(
            Options with { Task = ModelTask.Regression }, DataFiles.Model(("x", TensorType.Float32(1, 2))),
            Samples(Tensor.Of(new float[] { 1, 0, 0, 1 }, 2, 2))).Kind);
    }

    [Fact]
    public void LabelsHaveTheNamesThatPeopleUse()
    {
        Tensor value = Tensor.Of(new long[2], 2);
        foreach (string name in (string[])["y", "Y", "labels", "Label", "target", "targets", "class"])
            Assert.Equal(name, DataSet.NameOfLabels(null, [new("x", value), new(name, value)]));
        Assert.Equal("y", DataSet.NameOfLabels(null, [new("labels", value), new("y", value)]));
        Assert.Equal("y", DataSet.NameOfLabels(null, [new("x", value)]));
        Assert.Equal("z", DataSet.NameOfLabels("z", [new("y", value)]));
    }

    [Fact]
    public void ClassesAreCountedByThemselves()
    {
        var top1 = new TopK(1);
        top1.Accumulate([1, 0], [0]);
        top1.Accumulate([1, 0], [1]);
        top1.Accumulate([0, 1], [1]);
        Assert.Equal([(0, (1L, 1L)), (1, (1L, 2L))], top1.Classes.Select(c => (c.Key, c.Value)));
        Assert.Empty(new Cosine().Classes);
    }

    // Two samples, whose inputs nothing reads.
    private static SampleSet Samples(Tensor? labels) => new([[], []], Synthetic: false)
    {
        Labels = labels,
        Data = new DataSet("data", labels is null ? [] : [new NamedArray("y", labels)], "y"),
    };
}
