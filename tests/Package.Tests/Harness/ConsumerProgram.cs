using System.Runtime.InteropServices;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>
/// The program that every consumer runs: it predicts with both models and prints the bytes of the results. What it must print
/// follows from the build-time twin of the generated code, run over the plan that the build wrote.
/// </summary>
internal static class ConsumerProgram
{
    /// <summary>The two items as a user writes them.</summary>
    public const string Items = """
        <CompressedModel Include="models/tiny-mlp.onnx" CalibrationData="models/mlp x.npy" EvaluationData="x=models/mlp x.npy;y=models/mlp y.npy"
                         Labels="models/labels.txt" MaxAccuracyDrop="0.2" />
        <CompressedModel Include="models/small-cnn.onnx" CalibrationData="models/cnn.npy" Task="Classification" />
        """;

    /// <summary>The program, which needs neither nullable annotations nor implicit usings.</summary>
    /// <param name="models">The namespace of the generated classes.</param>
    /// <param name="statements">What it does at its end.</param>
    public static string Source(string models, string statements = "") => $$"""
        #pragma warning disable CA1303, CA1305, CA5394, CA1852, CA1515
        using Console = global::System.Console;

        namespace {{models}}
        {
            internal static class Program
            {
                private static void Main()
                {
                    var x = new float[TinyMlp.Info.InputLength];
                    for (int i = 0; i < x.Length; i++)
                        x[i] = (((i * 7) % 11) / 5.5f) - 1f;
                    var mlp = new TinyMlp();
                    TinyMlp.Prediction p = mlp.Predict(x);
                    Console.WriteLine("mlp " + Hex(mlp.Scores) + " " + p.Label + " " + p.Index);

                    var image = new float[SmallCnn.Info.InputLength];
                    for (int i = 0; i < image.Length; i++)
                        image[i] = (((i * 13) % 17) / 8.5f) - 1f;
                    var cnn = new SmallCnn();
                    var probabilities = new float[3];
                    cnn.Predict(image: image, probabilities: probabilities);
                    Console.WriteLine("cnn " + Hex(probabilities));
                    Console.WriteLine("runtime " + global::System.Environment.Version.Major);
                    {{statements}}
                }

                private static string Hex(global::System.ReadOnlySpan<float> values) =>
                    global::System.Convert.ToHexString(global::System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));
            }
        }
        """;

    /// <summary>The lines that the program must print, from the plans and weights that a build left in a folder.</summary>
    /// <param name="objects">The folder <c>OptimizerBuild</c> below the intermediate outputs.</param>
    public static IReadOnlyList<string> Expected(string objects)
    {
        float[] x = [.. Enumerable.Range(0, 16).Select(i => (i * 7 % 11 / 5.5f) - 1f)];
        float[] image = [.. Enumerable.Range(0, 144).Select(i => (i * 13 % 17 / 8.5f) - 1f)];
        float[] scores = Run(objects, "tiny-mlp", Tensor.Of(x, 1, 16));
        float[] probabilities = Run(objects, "small-cnn", Tensor.Of(image, 1, 1, 12, 12));
        int best = Array.IndexOf(scores, scores.Max());
        string label = new[] { "Cat", "Dog", "BirdOfPrey" }[best];
        return ["mlp " + Hex(scores) + " " + label + " " + best, "cnn " + Hex(probabilities)];
    }

    /// <summary>Asserts that a run of the program printed what it must, on a runtime of a major version.</summary>
    public static void Check(ProcessResult run, string objects, int? runtime = null)
    {
        run.Succeeded();
        foreach (string line in Expected(objects))
            Assert.Contains(line + "\n", run.Output);
        if (runtime is { } major)
            Assert.Contains($"runtime {major}\n", run.Output);
    }

    private static float[] Run(string objects, string model, Tensor input)
    {
        string file = Path.Combine(objects, model, model);
        ModelPlan plan = PlanReader.Read(File.ReadAllText(file + ".plan")).Plan!;
        return new PlanExecutor(plan, File.ReadAllBytes(file + ".weights")).Run([input])[0].Values<float>();
    }

    private static string Hex(float[] values) => Convert.ToHexString(MemoryMarshal.AsBytes(values.AsSpan()));
}
