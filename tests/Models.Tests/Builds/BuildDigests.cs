using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Models.Builds;

/// <summary>
/// Builds models and tells a digest of every file that comes of each: plan, weights, report, exported model, generated code.
/// </summary>
internal static class BuildDigests
{
    // Enough for every statistic, few enough for a build without vectors.
    private const int Samples = 16;

    /// <summary>Builds the small models of a folder, <c>NAME.onnx</c>, in integers and in float32.</summary>
    public static IEnumerable<string> OfFolder(string folder) =>
        from path in Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal)
        from precision in (ModelPrecision[])[ModelPrecision.Auto, ModelPrecision.Int8, ModelPrecision.Float32]
        let name = Path.GetFileNameWithoutExtension(path)
        from line in Of($"{name}/{precision}", new ModelOptions
        {
            ModelPath = path,
            Name = name,
            ClassName = PredictorNames.ClassName(name),
            Precision = precision,
            // Bytes have a known range: integers throughout. Otherwise ranges are measured at run time.
            InputType = precision == ModelPrecision.Int8 ? InputElement.UInt8 : InputElement.Float32,
            ExportOnnx = precision != ModelPrecision.Float32,
        })
        select line;

    /// <summary>Builds a model of the development set from a few samples of its data.</summary>
    /// <param name="name">The model's name, perhaps with metadata behind it: <c>NAME Fold=0.3</c>.</param>
    public static IEnumerable<string> OfShared(string name)
    {
        string[] words = name.Split(' ');
        ModelOptions options = SharedModels.Options(words[0]) with
        {
            EvaluationData = null,
            CalibrationSamples = Samples,
            ExportOnnx = true,
        };
        foreach (string[] pair in words.Skip(1).Select(w => w.Split('=')))
            options = ItemMetadata.Table.Single(e => e.Name == pair[0]).Apply(options, pair[1], "")!;
        return Of(name, options);
    }

    /// <summary>The same with what makes weights few: their bits, their values, zeros among them, and codes.</summary>
    public static IEnumerable<string> OfFewWeights(string name) =>
        from options in (ModelOptions[])
        [
            SharedModels.Options(name) with { Precision = ModelPrecision.Int4, Sparsity = 0.5 },
            SharedModels.Options(name) with { Precision = ModelPrecision.Ternary },
            SharedModels.Options(name) with { Clusters = 12, EntropyCoding = true },
            SharedModels.Options(name) with { Sparsity = 0.6, SparsityPattern = SparsityPattern.Block },
            SharedModels.Options(name) with { Precision = ModelPrecision.Float32, Clusters = 40, Sparsity = 0.3, EntropyCoding = true },
        ]
        from line in Of($"{name}/{options.Precision}", options with { EvaluationData = null, CalibrationSamples = 64 })
        select line;

    /// <summary>Builds a model file, calibrated on few made-up samples.</summary>
    public static IEnumerable<string> OfLarge(string path) =>
        Of("large", new ModelOptions { ModelPath = path, Name = "large", ClassName = "Large", CalibrationSamples = 4 });

    /// <summary>Builds a model file of byte images, whose ranges are known, calibrated on made-up samples.</summary>
    public static IEnumerable<string> OfNoisy(string path) => Of("noisy", new ModelOptions
    {
        ModelPath = path,
        Name = "noisy",
        ClassName = "Noisy",
        InputType = InputElement.UInt8,
        InputScale = [1 / 255.0],
        CalibrationSamples = Samples,
    });

    private static IEnumerable<string> Of(string name, ModelOptions options)
    {
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        if (outcome.OutputSignalToNoise is { } decibels)
            yield return FormattableString.Invariant(
                $"{name} {decibels:F3} dB, {outcome.Layers.Count(l => l.Macs > 0 && l.Precision != "int8")} layers in float32");
        var outputs = new ModelOutputs(
            PlanWriter.Write(outcome.Plan), outcome.Weights, ModelReport.Of(outcome).ToJson(), "", outcome.QdqModel);
        foreach ((string extension, byte[] content) in outputs.Files)
            yield return $"{name}{extension} {Digest(content)}";
        var project = new ConsumerProject { Plans = [outputs.Plan] };
        foreach ((string file, string text) in project.Generate().Files.OrderBy(f => f.Key, StringComparer.Ordinal))
            yield return $"{name}/{file} {Digest(Encoding.UTF8.GetBytes(text))}";
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..16];
}
