using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Pipeline;

/// <summary>Models that once gave wrong answers or exceptions without a code, as a user would build them.</summary>
public sealed class FaultCaseTests
{
    // What is refused, with which codes; everything else builds.
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["add_with_three_inputs"] = "OPT0005",
        ["conv_empty_strides"] = "OPT0005",
        ["protobuf_overflow"] = "OPT0002",
        ["softmax_of_scalar"] = "OPT0005",
    };

    public static TheoryData<string> Cases => [.. Directory.EnumerateDirectories(Path.Combine(SharedAssets.Cases, "faults"))
        .Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachCaseBuildsOrIsRefusedWithACode(string name)
    {
        string folder = Path.Combine(SharedAssets.Cases, "faults", name);
        foreach (ModelPrecision precision in Enum.GetValues<ModelPrecision>())
        {
            var options = new ModelOptions
            {
                ModelPath = Path.Combine(folder, "model.onnx"),
                Name = name,
                ClassName = "Model",
                Precision = precision,
                CalibrationData = name is "protobuf_overflow" or "slice_to_nothing" ? null : new DataSpec("test_data_set_0", folder),
            };
            if (Refused.TryGetValue(name, out string? code))
            {
                Assert.Equal(code, Assert.Throws<ModelException>(() => ModelCompiler.Compile(options, default)).Diagnostic.Descriptor.Code);
                continue;
            }
            CompilationOutcome outcome = ModelCompiler.Compile(options, default);
            var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
            string data = Path.Combine(folder, "test_data_set_0");
            Tensor[] inputs = Tensors(data, "input_*.pb"), expected = Tensors(data, "output_*.pb");
            Tensor[] actual = executor.Run(inputs[..outcome.Plan.Inputs.Count]);
            // Some have only inputs: the mere build was the fault.
            for (int i = 0; i < expected.Length; i++)
                AssertClose(Reals(expected[i]), Reals(actual[i]), precision == ModelPrecision.Float32 ? 2e-3 : 0.05);
        }
    }

    // Differences in parts of the greatest value.
    private static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double greatest = expected.Select(Math.Abs).Where(v => v < 1e30).DefaultIfEmpty(1).Max();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance * Math.Max(greatest, Math.Abs(expected[i]) > 1e30 ? Math.Abs(expected[i]) : 0));
    }

    private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();

    private static Tensor[] Tensors(string folder, string pattern) => [.. Directory.EnumerateFiles(folder, pattern)
        .Order(StringComparer.Ordinal).Select(f => TensorProtoReader.Read(f))];
}
