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

    private static readonly Graph Classifier = DataFiles.Model(("x", TensorType.Float32(1, 10)));

    [Fact]
    public void TheDefaultFollowsFromTheData()
    {
        Assert.Equal((AccuracyMetric.Top1, MetricReference.Labels), Choice(Tensor.Of(new long[] { 3, 9 }, 2)));
        Assert.Equal((AccuracyMetric.R2, MetricReference.Targets), Choice(Tensor.Of(new float[20], 2, 10)));
        Assert.Equal((AccuracyMetric.MeanSquaredError, MetricReference.ModelInput), Choice(null));
        var other = AccuracyMeasurement.Decide(null, DataFiles.Model(("x", TensorType.Float32(1, 10)), ("z", TensorType.Float32(1))),
            new SampleSet([[], []], Synthetic: true));
        Assert.Equal((AccuracyMetric.Cosine, MetricReference.FloatModel), (other.Kind, other.Reference));

        static (AccuracyMetric, MetricReference) Choice(Tensor? labels)
        {
            var decided = AccuracyMeasurement.Decide(null, Classifier, Samples(labels));
            return (decided.Kind, decided.Reference);
        }
    }

    [Fact]
    public void LabelsMustFit()
    {
        AssertMismatch(Tensor.Of(new long[] { 3, 10 }, 2), "labels 0 to 9");
        AssertMismatch(Tensor.Of(new long[] { 3, -1 }, 2), "labels 0 to 9");
        AssertMismatch(Tensor.Of(new float[] { 3, 0.5f }, 2), "integer class labels");
        AssertMismatch(Tensor.Of(new long[] { 3, 1, 2 }, 3), "one label for each of 2 samples");
        AssertMismatch(null, "class labels named 'y'");

        static void AssertMismatch(Tensor? labels, string text)
        {
            var error = Assert.Throws<ModelException>(() => AccuracyMeasurement.Decide(AccuracyMetric.Top1, Classifier, Samples(labels)));
            Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
            Assert.Contains(text, error.Diagnostic.Text);
        }
    }

    [Fact]
    public void SamplesAreComparedWithTheirOwnReference()
    {
        AccuracyMeasurement measurement = AccuracyMeasurement.Decide(null, Classifier, Samples(Tensor.Of(new long[] { 3, 9 }, 2)));
        Metric metric = measurement.NewMetric();
        Tensor output = Tensor.Of(new float[] { 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 1, 10);
        measurement.Accumulate(metric, 0, [output], [output], [output]);
        measurement.Accumulate(metric, 1, [output], [output], [output]);
        Assert.Equal(0.5, metric.Value);

        // A model of batch two: two rows of scores and two labels a sample.
        Graph batch = DataFiles.Model(("x", TensorType.Float32(2, 5)));
        measurement = AccuracyMeasurement.Decide(null, batch, Samples(Tensor.Of(new long[] { 3, 4, 1, 1 }, 4)));
        metric = measurement.NewMetric();
        Tensor rows = output.Reshape(2, 5);
        measurement.Accumulate(metric, 0, [rows], [rows], [rows]);
        Assert.Equal(0.5, metric.Value);
    }

    // Two samples, whose inputs nothing reads.
    private static SampleSet Samples(Tensor? labels) => new([[], []], Synthetic: false)
    {
        Labels = labels,
        Data = new DataSet("data", labels is null ? [] : [new NamedArray("y", labels)], "y"),
    };
}
