using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>Several samples at once: which models have it, and that it changes no byte.</summary>
public sealed class SampleBatchTests : IDisposable
{
    private readonly DataFiles _files = new();

    [Theory]
    [InlineData("N", false)]
    [InlineData("N", true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public void DenseLayersTakeSeveralSamplesAndGiveTheBytesOfEach(object rows, bool inIntegers)
    {
        CompilationOutcome outcome = Compile(Dense(rows), inIntegers ? ModelPrecision.Int8 : ModelPrecision.Float32);
        PlanEntry batch = outcome.Plan.Batch!;
        Assert.Equal(SampleBatch.Samples, outcome.Plan.BatchSamples);
        Assert.Equal([SampleBatch.Samples, 70], batch.Inputs[0].Dimensions);
        Assert.Equal([SampleBatch.Samples, 10], batch.Outputs[0].Dimensions);
        Assert.Equal(outcome.Plan.Facts.Macs * SampleBatch.Samples, batch.Macs);
        Assert.Equal(outcome.Plan, PlanReader.Read(PlanWriter.Write(outcome.Plan)).Plan);
        Assert.True(outcome.Plan.ScratchBytes >= batch.ArenaBytes);

        Tensor samples = Noise(7, SampleBatch.Samples, 70);
        float[] together = new PlanExecutor(outcome.Plan, outcome.Weights, 1).Run([samples])[0].Values<float>();
        var single = new PlanExecutor(outcome.Plan, outcome.Weights);
        for (int s = 0; s < SampleBatch.Samples; s++)
            Assert.Equal(
                single.Run([Tensor.Of(samples.Values<float>().AsSpan(s * 70, 70).ToArray(), 1, 70)])[0].Values<float>(),
                together.AsSpan(s * 10, 10).ToArray());
    }

    [Fact]
    public void TheWeightsAreThoseOfASinglePrediction()
    {
        ModelBuilder model = Dense("N");
        CompilationOutcome with = Compile(model, ModelPrecision.Int8), without = Compile(model, ModelPrecision.Int8, "MaxMemory", "1 MB");
        Assert.NotNull(with.Plan.Batch);
        Assert.Null(without.Plan.Batch);
        Assert.Equal(without.Weights, with.Weights);
        Assert.Equal(without.Plan.Main, with.Plan.Main);
    }

    [Fact]
    public void AModelThatMixesItsSamplesHasNone() => Assert.Null(Compile(
        Weights(new ModelBuilder().Input("x", "N", 70)).Constant("axes", Tensor.Of([0L], 1)).Node("Gemm", "x,w,b", "a")
            .Node("ReduceMean", "a,axes", "m").Node("Sub", "a,m", "y").Output("y"), ModelPrecision.Float32).Plan.Batch);

    [Fact]
    public void AModelThatMixesItsSamplesForSomeValuesOnlyHasNone() => Assert.Null(Compile(
        Weights(new ModelBuilder().Input("x", "N", 70)).Constant("large", Tensor.Scalar(100f)).Constant("scale", Tensor.Scalar(0.01f))
            .Node("ReduceMax", "x", "m").Node("Greater", "m,large", "c").Node("Mul", "x,scale", "s").Node("Where", "c,s,x", "p")
            .Node("Gemm", "p,w,b", "y").Output("y"), ModelPrecision.Float32).Plan.Batch);

    [Fact]
    public void NumbersOfTwoBytesAreTakenAsWell()
    {
        CompilationOutcome outcome = Compile(
            Weights(new ModelBuilder().Input("h", ElementType.Float16, "N", 70)).Node("Cast", "h", "x", ("to", (int)ElementType.Float32))
                .Node("Gemm", "x,w,b", "y").Output("y"), ModelPrecision.Float32);
        Assert.Equal(SampleBatch.Samples, outcome.Plan.BatchSamples);
    }

    [Fact]
    public void AModelThatWritesOneSampleOutHasNone() => Assert.Null(Compile(
        Weights(new ModelBuilder().Input("x", "N", 7, 10)).Constant("shape", Tensor.Of([1L, 70], 2)).Node("Reshape", "x,shape", "r")
            .Node("Gemm", "r,w,b", "y").Output("y"), ModelPrecision.Float32).Plan.Batch);

    [Fact]
    public void AModelThatUsesItsWeightsManyTimesHasNone() => Assert.Null(Compile(
        new ModelBuilder().Input("x", "N", 3, 12, 12).Constant("w", Noise(1, 8, 3, 5, 5)).Node("Conv", "x,w", "y").Output("y"),
        ModelPrecision.Float32).Plan.Batch);

    [Fact]
    public void AStateBelongsToOneSampleAfterTheOther() => Assert.Null(Compile(
        Weights(new ModelBuilder().Input("x", 1, 70)).Input("h", 1, 90).Node("Gemm", "x,w,b", "a").Node("Add", "a,h", "hn")
            .Node("Relu", "hn", "y").Output("y", "hn"), ModelPrecision.Float32, "State", "h=hn").Plan.Batch);

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    private CompilationOutcome Compile(ModelBuilder model, ModelPrecision precision, string metadata = "", string value = "")
    {
        _files.Write("m.onnx", model.Bytes);
        string path = Path.Combine(_files.Folder, "m.onnx");
        var options = new ModelOptions { ModelPath = path, Name = "m", ClassName = "M", Namespace = "N", Precision = precision };
        if (metadata.Length > 0)
            options = ItemMetadata.Table.Single(e => e.Name == metadata).Apply(options, value, "")!;
        return ModelCompiler.Compile(options, CancellationToken.None);
    }

    private static ModelBuilder Dense(object rows) => Weights(new ModelBuilder().Input("x", rows, 70)).Node("Gemm", "x,w,b", "a")
        .Node("Relu", "a", "r").Node("MatMul", "r,v", "s").Node("Softmax", "s", "y").Output("y");

    private static ModelBuilder Weights(ModelBuilder model) =>
        model.Constant("w", Noise(1, 70, 90)).Constant("b", Noise(2, 90)).Constant("v", Noise(3, 90, 10));

    private static Tensor Noise(int seed, params int[] dimensions)
    {
        var random = new Random(seed);
        int count = dimensions.Aggregate(1, (a, d) => a * d);
        return Tensor.Of([.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))], dimensions);
    }
}
