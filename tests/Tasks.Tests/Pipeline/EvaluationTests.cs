using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Pipeline;

/// <summary>What a build says of evaluation data: a classifier of images of four pixels, whose class is the brightest one.</summary>
public sealed class EvaluationTests : IDisposable
{
    private const int Samples = 40;
    private readonly DataFiles _files = new();

    public EvaluationTests()
    {
        _files.Write("m.onnx", new ModelBuilder().Input("image", 1, 1, 2, 2)
            .Constant("w", Tensor.Of(Diagonal(), 4, 4)).Node("Flatten", "image", "flat").Node("MatMul", "flat,w", "scores")
            .Output("scores").Bytes);
        _files.Write("x.idx", DataFiles.Idx(8, [Samples, 2, 2], Images()));
    }

    private static byte[] Images() => [.. Enumerable.Range(0, Samples * 4).Select(i => (byte)(i % 4 == i / 4 % 4 ? 200 : 10 + (i % 7)))];

    public void Dispose() => _files.Dispose();

    private static float[] Diagonal() => [.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? 2f : 0f)];

    [Fact]
    public void LabelsMakeAClassifierAlsoInAnEditor()
    {
        Labels(i => i % 4);
        ModelOptions options = Options() with { InputScale = [1 / 255.0], IsInputScaleGiven = true };

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(("Top-1", 1.0), (outcome.Plan.Facts.Metric, outcome.Plan.Facts.FloatMetric));
        Assert.NotNull(outcome.Plan.Classifier);
        Assert.Equal(outcome.Plan.Classifier, ModelCompiler.DescribeSignature(options).Classifier);
        Assert.Equal(0, outcome.WorstClass!.Original - outcome.WorstClass.Compressed);
        Assert.DoesNotContain(outcome.Diagnostics, d => d.Descriptor.Severity == Severity.Warning);
        Assert.Null(ModelCompiler.DescribeSignature(options with { Task = ModelTask.Other }).Classifier);
    }

    [Fact]
    public void BytesLabelsFromOneAndChanceAreTold()
    {
        // Labels of another order: right on none.
        Labels(i => 1 + ((i + 1) % 4));

        CompilationOutcome outcome = ModelCompiler.Compile(Options(), default);

        Assert.Equal(0, outcome.Plan.Facts.FloatMetric);
        string[] codes = [.. outcome.Diagnostics.Select(d => d.Descriptor.Code)];
        Assert.Single(codes, "OPT0040");
        Assert.Single(codes, "OPT0041");
        Assert.Single(codes, "OPT0042");
    }

    /// <summary>Its inputs take the place of calibration data, its labels do not.</summary>
    [Fact]
    public void EvaluationDataServeForCalibrationWhereThereAreNoneForIt()
    {
        Labels(i => i % 4);
        ModelOptions options = Options() with { InputScale = [1 / 255.0], IsInputScaleGiven = true };

        CompilationOutcome outcome = ModelCompiler.Compile(options with { CalibrationData = null }, default);

        Diagnostic warning = Assert.Single(outcome.Diagnostics, d => d.Descriptor.Severity == Severity.Warning);
        Assert.Equal("OPT0045", warning.Descriptor.Code);
        Assert.Contains($"from {Samples} inputs of EvaluationData (not from their labels)", warning.Text, StringComparison.Ordinal);
        Assert.Equal(ModelCompiler.Compile(options, default).Weights, outcome.Weights);
        Assert.Null(ModelCompiler.Compress(options with { CalibrationData = null }).Context.Calibration.Labels);
    }

    /// <summary>Scores that 8 bits change by more than a tenth are kept where labels tell whether they are right all the same.</summary>
    [Fact]
    public void MeasuredClassesDecideInThePlaceOfTheOutputsNoise()
    {
        var random = new Random(5);
        float[] left = [.. Enumerable.Range(0, 16).Select(_ => random.NextSingle())];
        float[] right = [.. left.Zip(Diagonal(), (l, one) => l - (0.0015f * one))];
        _files.Write("m.onnx", new ModelBuilder().Input("image", 1, 1, 2, 2)
            .Constant("l", Tensor.Of(left, 4, 4)).Constant("r", Tensor.Of(right, 4, 4)).Node("Flatten", "image", "flat")
            .Node("MatMul", "flat,l", "p").Node("MatMul", "flat,r", "q").Node("Sub", "p,q", "scores").Output("scores").Bytes);
        Labels(i => i % 4);
        ModelOptions options = Options() with { InputScale = [1 / 255.0], IsInputScaleGiven = true };

        CompilationOutcome measured = ModelCompiler.Compile(options, default);
        Assert.Equal("int8", measured.Plan.Facts.Precision);
        Assert.InRange(measured.OutputSignalToNoise!.Value, -100, 19.99);
        Assert.Equal(measured.OutputSignalToNoise, ModelReport.TryParse(ModelReport.Of(measured).ToJson())!.OutputSignalToNoise);
        Assert.DoesNotContain(measured.Diagnostics, d => d.Descriptor.Code == "OPT0046");

        // Without labels, and where the item sets a limit of its own.
        foreach (ModelOptions limited in (ModelOptions[])[
            options with { EvaluationData = null }, options with { MinOutputSignalToNoise = 20 }])
        {
            CompilationOutcome kept = ModelCompiler.Compile(limited, default);
            Assert.InRange(kept.OutputSignalToNoise ?? double.PositiveInfinity, 20, double.PositiveInfinity);
            Assert.NotEqual("int8", kept.Plan.Facts.Precision);
            Assert.DoesNotContain(kept.Diagnostics, d => d.Descriptor.Code == "OPT0046");
        }
    }

    [Fact]
    public void AClassMayHaveALimitOfItsOwn()
    {
        Labels(i => i % 4);
        CompilationOutcome outcome = ModelCompiler.Compile(Options(), default);
        ModelReport report = ModelReport.Of(outcome with { WorstClass = new(2, 1, 0.9, 10) });

        AccuracyGate.Check(report, 0.01, 0.1);
        ModelException error = Assert.Throws<ModelException>(() => AccuracyGate.Check(report, 0.01, 0.05));
        Assert.Equal("OPT0043", error.Diagnostic.Descriptor.Code);
        Assert.Contains("Top-1 of class 2 is 90.0 % after compression instead of 100.0 % on 10 samples", error.Message,
            StringComparison.Ordinal);
        Assert.Contains("(class 2: 10 percentage points less)", SummaryLine.Of(report), StringComparison.Ordinal);
        Assert.Equal(report.WorstClass, ModelReport.TryParse(report.ToJson())!.WorstClass);
    }

    [Fact]
    public void ANumberThatIsNoneIsAnError()
    {
        float[] values = [.. Enumerable.Range(0, Samples * 4).Select(i => i == 30 ? float.NaN : i)];
        _files.Write("x.npy", DataFiles.Npy(values, "<f4", $"({Samples}, 1, 2, 2)"));
        ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(
            Options() with { CalibrationData = new DataSpec("x.npy", _files.Folder), EvaluationData = null }, default));
        Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
        Assert.Contains("found NaN at position 30", error.Message, StringComparison.Ordinal);
    }

    private void Labels(Func<int, int> label) =>
        _files.Write("y.idx", DataFiles.Idx(8, [Samples], (byte[])[.. Enumerable.Range(0, Samples).Select(i => (byte)label(i))]));

    private ModelOptions Options() => new()
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        CalibrationData = new DataSpec("image=x.idx", _files.Folder),
        EvaluationData = new DataSpec("image=x.idx;y=y.idx", _files.Folder),
    };
}
