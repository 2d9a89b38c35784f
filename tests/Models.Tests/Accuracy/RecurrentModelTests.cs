using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Speech models with a state, as <c>Auto</c> compresses them without calibration data, beside the float model: ten steps, in each of
/// which both read the state that they made themselves.
/// </summary>
public sealed class RecurrentModelTests(ITestOutputHelper output)
{
    private const int Steps = 10;

    /// <summary>Model, its inputs by place: of the signal, of the state; the output that is the next state.</summary>
    public static TheoryData<string, int, int, int, bool> Cases => new()
    {
        { "silero-vad/silero_vad_16k_op15", 0, 1, 1, false },
        { "silero-vad/silero_vad_16k_op15", 0, 1, 1, true },
        { "dtln/dtln_model_1", 0, 1, 1, false },
        { "dtln/dtln_model_1", 0, 1, 1, true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void TenStepsPointWhereTheFloatModelDoes(string model, int signal, int state, int next, bool calibrated)
    {
        SharedAssets.Require();
        (Tensor[] Inputs, Tensor[] Outputs)[] golden = [.. SharedModels.GoldenSets(model)];
        ModelProto file = ModelProto.Parser.ParseFrom(File.ReadAllBytes(SharedAssets.Path($"models/{model}.onnx")));
        var options = new ModelOptions
        {
            ModelPath = SharedAssets.Path($"models/{model}.onnx"),
            Name = "Model",
            ClassName = "Model",
            CalibrationData = calibrated ? new DataSpec(SharedAssets.Path($"golden/{model}"), "/") : null,
            Shapes = file.Graph.Input.Select((input, i) => (input.Name, golden[0].Inputs[i].Dimensions))
                .ToImmutableSortedDictionary(i => i.Name, i => i.Dimensions, StringComparer.Ordinal),
        };
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        long total = outcome.Layers.Sum(l => l.Macs), integer = outcome.Layers.Where(l => l.Precision == "int8").Sum(l => l.Macs);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{model}: integerMacShare {(double)integer / total:F4}, weights {outcome.Plan.Facts.FloatWeightBytes} → "
            + $"{outcome.Weights.Length}, {outcome.Plan.Steps.Count} steps"));
        if (calibrated)
        {
            Assert.True(integer >= 0.95 * total, $"{model}: {integer} of {total} products in integers");

            // Bounded pair sums would cost 10 dB.
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"outputs {outcome.OutputSignalToNoise:F1} dB"));
            Assert.True(outcome.OutputSignalToNoise > (model.StartsWith("silero", StringComparison.Ordinal) ? 40 : 30));
        }
        foreach (LayerOutcome layer in outcome.Layers.Where(l => l.Precision != "int8"))
            output.WriteLine($"  {layer.Operator} '{layer.Node}' {layer.Macs}: {layer.Reason}");

        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        var evaluator = new GraphEvaluator(SharedModels.Import(options));
        Tensor[] rounded = [.. golden[0].Inputs], exact = [.. golden[0].Inputs];
        for (int step = 0; step < Steps; step++)
        {
            Tensor heard = golden[step % golden.Length].Inputs[signal];
            rounded[signal] = exact[signal] = Tensor.Of(
                [.. heard.Values<float>().Select((x, i) => x * (0.75f + (0.25f * MathF.Sin((0.1f * i) + step))))],
                heard.Dimensions.AsSpan());
            Tensor[] actual = executor.Run(rounded), expected = evaluator.Evaluate(exact);
            for (int o = 0; o < expected.Length; o++)
            {
                double cosine = TensorAssert.Cosine(expected[o], actual[o]);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step}, output {o}: cosine {cosine:F5}"));
                Assert.True(cosine >= 0.99, $"step {step}, output {o}: cosine {cosine}");
            }
            (rounded[state], exact[state]) = (actual[next], expected[next]);
        }
    }
}
