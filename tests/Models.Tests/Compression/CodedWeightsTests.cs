using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Compression;

/// <summary>Coded weights on their way into generated code: fewer bytes, the same predictions, and damage found out.</summary>
public sealed class CodedWeightsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("mnist-lenet5", false)]
    [InlineData("mnist-lenet5", true)]
    [InlineData("ic_resnet8", true)]
    [InlineData("digits-mlp", false)]
    public void GeneratedCodeDecodesTheWeights(string name, bool isFloat)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name) with
        {
            Precision = isFloat ? ModelPrecision.Float32 : ModelPrecision.Auto,
            EvaluationData = null,
        };
        CompilationOutcome plain = ModelCompiler.Compile(options, CancellationToken.None);
        CompilationOutcome coded = ModelCompiler.Compile(options with { EntropyCoding = true }, CancellationToken.None);
        output.WriteLine($"{name} {options.Precision}: {plain.Weights.Length} → {coded.Weights.Length} bytes");
        Assert.True(coded.Weights.Length < plain.Weights.Length * 0.95);
        Assert.Null(plain.Plan.Weights.ExpandedBytes);
        Assert.Equal(plain.Weights, PlanExecutor.Expand(coded.Plan.Weights, coded.Weights).Bytes.ToArray());
        Assert.Equal("Coding", coded.Techniques[^1].Technique);
        Assert.Equal((plain.Weights.Length, coded.Weights.Length), (coded.Techniques[^1].Before.Bytes, coded.Techniques[^1].After.Bytes));
        Assert.All(coded.Layers.Where(l => l.Storage is not null), l => Assert.NotNull(l.Stored));

        // The plan's text says all of it.
        Assert.Equal(coded.Plan.Weights, PlanReader.Read(PlanWriter.Write(coded.Plan)).Plan!.Weights);

        IReadOnlyList<Tensor> inputs = [.. plain.Plan.Inputs.Select(Pattern)];
        using var models = GeneratedModels.Compile(PlannedModel.Of(plain, "Plain"), PlannedModel.Of(coded, "Coded"));
        foreach ((Tensor expected, Tensor actual) in models.Run(0, inputs).Zip(models.Run(1, inputs)))
            Assert.Equal(expected.Data, actual.Data);
    }

    /// <summary>A resource whose checksum is right and whose code is not: only the decoder can find it out.</summary>
    [Fact]
    public void DamageThatTheChecksumDoesNotKnowIsFoundOut()
    {
        SharedAssets.Require();
        CompilationOutcome coded = ModelCompiler.Compile(
            SharedModels.Options("digits-mlp") with { EntropyCoding = true, EvaluationData = null }, CancellationToken.None);
        PlannedModel good = PlannedModel.Of(coded, "Damaged");
        int found = 0;
        for (int at = 0; at < good.Weights.Length; at += 97)
        {
            byte[] bad = [.. good.Weights];
            bad[at] ^= 0x55;
            try
            {
                PlanExecutor.Expand(good.Plan.Weights, bad);
            }
            catch (InvalidDataException)
            {
                found++;
            }
        }
        Assert.True(found > 3, $"{found} found");
        byte[] broken = [.. good.Weights];
        PlanArgument.Integers sections = good.Plan.Weights.Expansion.Where(c => c.Kernel is "RansCode" or "HuffmanCode")
            .SelectMany(c => c.Arguments).Cast<PlanArgument.Integers>().First();
        Array.Fill(broken, (byte)0xFF, sections.Values[0], sections.Values[1]);
        var damaged = new PlannedModel(
            good.Plan with { Weights = good.Plan.Weights with { Checksum = Kernels.PackedWeights.Checksum(broken) } }, broken);
        using var models = GeneratedModels.Compile(damaged);
        Exception error = Assert.ThrowsAny<Exception>(() => models.Run(0, [.. good.Plan.Inputs.Select(Pattern)]));
        while (error.InnerException is { } inner)
            error = inner;
        Assert.IsType<InvalidDataException>(error);
    }

    /// <summary>An input of drawn whole numbers.</summary>
    internal static Tensor Pattern(PlanInput input)
    {
        var random = new Random(1);
        Tensor tensor = Tensor.Zeros(TensorType.Of(Enum.Parse<ElementType>(input.Type.ToString()), [.. input.Dimensions]));
        for (int i = 0; i < tensor.Count; i++)
            tensor.Data.SetValue(Convert.ChangeType(random.Next(0, 100), tensor.Data.GetType().GetElementType()!,
                System.Globalization.CultureInfo.InvariantCulture), i);
        return tensor;
    }
}
