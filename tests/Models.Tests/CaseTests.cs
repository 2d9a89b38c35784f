using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>
/// The small cases as generated code, in float32 and in 8 bits; <c>ModelCaseTests</c> has the plans in all
/// precisions and those that are refused.
/// </summary>
public sealed class CaseTests
{
    // No data to calibrate on: an empty input, and missing values.
    private static readonly string[] WithoutData = ["reshape_allowzero_empty", "tree_threshold_leq"];

    [Theory]
    [InlineData(nameof(ModelPrecision.Float32))]
    [InlineData(nameof(ModelPrecision.Int8))]
    public void EachCaseIsRightInGeneratedCode(string precision)
    {
        bool isFloat = precision == nameof(ModelPrecision.Float32);
        string[] names = [.. Directory.EnumerateDirectories(SharedAssets.Cases)
            .Where(f => File.Exists(Path.Combine(f, "about.txt"))
                && !File.ReadAllText(Path.Combine(f, "about.txt")).Contains("expected:", StringComparison.Ordinal))
            .Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.InRange(names.Length, 40, int.MaxValue);
        CompilationOutcome[] outcomes = [.. names.Select((name, i) => ModelCompiler.Compile(Options(name, i) with
        {
            Precision = Enum.Parse<ModelPrecision>(precision),
        }, TestContext.Current.CancellationToken))];
        using GeneratedModels generated = GeneratedModels.Compile(
            [.. outcomes.Select((o, i) => PlannedModel.Of(o, ClassName(i)))]);
        for (int m = 0; m < names.Length; m++)
        {
            string data = Path.Combine(SharedAssets.Cases, names[m], "test_data_set_0");
            Tensor[] inputs = Tensors(data, "input_*.pb"), expected = Tensors(data, "output_*.pb");
            if (expected.Length == 0)
                expected = new GraphEvaluator(OnnxImporter.Import(
                    Path.Combine(SharedAssets.Cases, names[m], "model.onnx"), ImportOptions.Default).Graph).Evaluate(inputs);
            Assert.NotEmpty(expected);
            Tensor[] actual = generated.Run(m, inputs[..outcomes[m].Plan.Inputs.Count]);
            for (int i = 0; i < expected.Length; i++)
            {
                string what = $"{names[m]}: output {i} in {precision}";
                Assert.Equal(expected[i].Dimensions, actual[i].Dimensions);
                if (expected[i].Element == ElementType.String)
                {
                    Assert.Equal(expected[i].Values<string>(), actual[i].Values<string>());
                    continue;
                }
                double quantum = names[m].StartsWith("qdq_", StringComparison.Ordinal) ? 0.1001 : 1e-5;
                if (isFloat || quantum > 1e-3 || !expected[i].Element.IsFloat())
                    Assert.All(Reals(expected[i]).Zip(Reals(actual[i])), p =>
                        Assert.True(Math.Abs(p.First - p.Second) <= quantum + (1e-3 * Math.Abs(p.First)), what));
                else if (Reals(expected[i]).Any(v => v != 0))
                    Assert.True(TensorAssert.Cosine(expected[i], actual[i]) >= 0.99, what);
                else
                    Assert.All(Reals(actual[i]), v => Assert.Equal(0, v));
            }
        }
    }

    private static string ClassName(int number) => FormattableString.Invariant($"Case{number}");

    private static ModelOptions Options(string name, int number) => new()
    {
        ModelPath = Path.Combine(SharedAssets.Cases, name, "model.onnx"),
        Name = name,
        ClassName = ClassName(number),
        CalibrationData = WithoutData.Contains(name) ? null : new DataSpec("test_data_set_0", Path.Combine(SharedAssets.Cases, name)),
    };

    private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();

    private static Tensor[] Tensors(string folder, string pattern) => [.. Directory.EnumerateFiles(folder, pattern)
        .OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal).Select(f => TensorProtoReader.Read(f))];
}
