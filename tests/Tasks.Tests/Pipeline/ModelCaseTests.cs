using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// Small models that broke other tools, as a user would build them, in float32 and in 8 bits: the right answers, or an error that says what
/// is wrong.
/// </summary>
public sealed class ModelCaseTests
{
    // What is refused, with the code and what the message must say.
    private static readonly Dictionary<string, (string Code, string[] Says)> Refused = new(StringComparer.Ordinal)
    {
        ["empty_file"] = ("OPT0002", ["empty"]),
        ["gemm_illegal_shapes"] = ("OPT0005", ["Gemm_1", "addend C", "broadcast"]),
        ["lfs_pointer"] = ("OPT0002", ["Git LFS", "git lfs pull"]),
        ["unknown_domain"] = ("OPT0004", ["domain"]),
        ["zip_archive"] = ("OPT0002", ["zip"]),
    };

    /// <summary>The cases.</summary>
    public static TheoryData<string> Cases => [.. Directory
        .EnumerateFiles(SharedAssets.Cases, "model.onnx", SearchOption.AllDirectories).Select(f => Path.GetDirectoryName(f)!)
        .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "cases").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>The repository's cases are whole, and those of the development set where that has them, too.</summary>
    [Fact]
    public void TheRepositorysCasesAreWhole()
    {
        string[] files = [.. Directory.EnumerateFiles(SharedAssets.OwnCases, "*", SearchOption.AllDirectories)];
        Assert.InRange(files.Count(f => Path.GetFileName(f) == "model.onnx"), 60, int.MaxValue);
        foreach (string file in files)
        {
            string other = Path.Combine(SharedAssets.Cases, Path.GetRelativePath(SharedAssets.OwnCases, file));
            if (File.Exists(other))
                Assert.Equal(File.ReadAllBytes(other), File.ReadAllBytes(file));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachCaseIsRightOrRefused(string name)
    {
        string folder = Path.Combine(SharedAssets.Cases, name);
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "about.txt")).Contains("expected:", StringComparison.Ordinal),
            Refused.ContainsKey(name));
        foreach (ModelPrecision precision in Enum.GetValues<ModelPrecision>())
        {
            var options = new ModelOptions
            {
                ModelPath = Path.Combine(folder, "model.onnx"),
                Name = name,
                ClassName = "Model",
                Precision = precision,
                CalibrationData = Calibration(folder),
            };
            if (Refused.TryGetValue(name, out (string Code, string[] Says) refusal))
            {
                ModelException refused = Assert.Throws<ModelException>(() => ModelCompiler.Compile(options, default));
                Assert.All(refused.Diagnostics, d => Assert.Equal(refusal.Code, d.Descriptor.Code));
                Assert.All(refusal.Says, s => Assert.Contains(s, refused.Message, StringComparison.OrdinalIgnoreCase));
                Assert.Equal(name == "unknown_domain" ? 2 : 1, refused.Diagnostics.Length);
                continue;
            }
            Check(ModelCompiler.Compile(options, default), Path.Combine(folder, "test_data_set_0"), name, precision);
        }
    }

    private static void Check(CompilationOutcome outcome, string data, string name, ModelPrecision precision)
    {
        Tensor[] expected = Tensors(data, "output_*.pb"), inputs = Tensors(data, "input_*.pb");
        // A few cases say nothing of their outputs: the float reference does.
        if (expected.Length == 0)
            expected = new GraphEvaluator(OnnxImporter.Import(
                Path.Combine(Path.GetDirectoryName(data)!, "model.onnx"), ImportOptions.Default).Graph).Evaluate(inputs);
        Assert.NotEmpty(expected);
        Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs[..outcome.Plan.Inputs.Count]);
        for (int i = 0; i < expected.Length; i++)
        {
            string what = $"output {i} ({outcome.Plan.Outputs[i].OnnxName}) in {precision}";
            Assert.Equal(expected[i].Dimensions, actual[i].Dimensions);
            if (expected[i].Element == ElementType.String)
            {
                Assert.Equal(expected[i].Values<string>(), actual[i].Values<string>());
                continue;
            }
            double[] e = Reals(expected[i]), a = Reals(actual[i]);
            double quantum = name.StartsWith("qdq_", StringComparison.Ordinal) ? 0.1001 : 1e-5;
            if (precision == ModelPrecision.Float32 || quantum > 1e-3 || !expected[i].Element.IsFloat())
                Assert.All(e.Zip(a), p => Assert.True(Math.Abs(p.First - p.Second) <= quantum + (1e-3 * Math.Abs(p.First)), what));
            else
                Assert.True(Cosine(e, a) >= 0.99, $"{what}: cosine {Cosine(e, a)}");
        }
    }

    // What is to be refused, an empty input, and missing values are nothing to calibrate on.
    private static DataSpec? Calibration(string folder) => Directory.Exists(Path.Combine(folder, "test_data_set_0"))
        && Path.GetFileName(folder) is not ("reshape_allowzero_empty" or "tree_threshold_leq")
            ? new DataSpec("test_data_set_0", folder) : null;

    private static double Cosine(double[] a, double[] b)
    {
        double product = a.Zip(b).Sum(p => p.First * p.Second), length = Math.Sqrt(a.Sum(v => v * v) * b.Sum(v => v * v));
        return length > 0 ? product / length : a.SequenceEqual(b) ? 1 : 0;
    }

    private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();

    private static Tensor[] Tensors(string folder, string pattern) => [.. Directory.EnumerateFiles(folder, pattern)
        .OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal).Select(f => TensorProtoReader.Read(f))];
}
