using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline.Recipes;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// Whether the default recipe equalises: where a forecast has hope and a trial on samples that calibrated nothing shows it.
/// </summary>
public sealed class EqualizationTrialTests : IDisposable
{
    private const int Inputs = 16;
    private const int Hidden = 32;
    private const int Samples = 300;
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>Channels whose values reach up to sixty times as far as others' leave these few levels, until factors move.</summary>
    [Fact]
    public void UnevenChannelsAreEqualised()
    {
        Write(most: 3);
        CompilationOutcome outcome = ModelCompiler.Compile(Options, default);
        CompilationOutcome plain = ModelCompiler.Compile(Options with { Equalize = false }, default);
        CompilationOutcome equalised = ModelCompiler.Compile(Options with { Equalize = true }, default);

        Assert.True(outcome.IsEqualized, string.Join(Environment.NewLine, NotesOf(outcome) ?? []));
        Assert.Equal("Equalization", outcome.Techniques[1].Technique);
        IReadOnlyList<string> notes = NotesOf(outcome)!;
        Assert.StartsWith("compared on 100 samples that calibrated neither form: outputs at ", notes[0], StringComparison.Ordinal);
        Assert.Equal("chosen: Equalize=\"True\"", notes[^1]);
        Assert.True(outcome.OutputSignalToNoise > plain.OutputSignalToNoise + 3,
            $"{plain.OutputSignalToNoise} → {outcome.OutputSignalToNoise} dB");
        Assert.Equal(equalised.Weights, outcome.Weights);
        Assert.NotEqual(plain.Weights, outcome.Weights);
        Assert.Equal(outcome.Weights, ModelCompiler.Compile(Options, default).Weights);
        Assert.EndsWith("(int8, equalised)", SummaryLine.Of(ModelReport.Of(outcome)), StringComparison.Ordinal);

        // The item alone decides where it says something.
        Assert.All([plain, equalised], o => Assert.Null(NotesOf(o)));
        Assert.All([plain, equalised], o => Assert.Null(o.IsEqualized));
    }

    /// <summary>Channels so uneven that the quantiser has put a layer into float32: that is quieter than equal ones in integers.</summary>
    [Fact]
    public void WhatIsNotQuieterInTheTrialIsNotChosen()
    {
        Write(most: 5);
        CompilationOutcome outcome = ModelCompiler.Compile(Options, default);

        Assert.False(outcome.IsEqualized);
        Assert.Equal("chosen: not equalised, since that is not clearly noisier", NotesOf(outcome)![^1]);
        Assert.DoesNotContain(outcome.Techniques, t => t.Technique == "Equalization");
        Assert.Equal(ModelCompiler.Compile(Options with { Equalize = false }, default).Weights, outcome.Weights);
        Assert.Contains(", not equalised after a trial)", SummaryLine.Of(ModelReport.Of(outcome)), StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsTriedWhereThereIsNothingToGain()
    {
        Write(most: 0);
        CompilationOutcome outcome = ModelCompiler.Compile(Options, default);

        Assert.StartsWith("not equalised: the noise of rounded values would change by ", Assert.Single(NotesOf(outcome)!),
            StringComparison.Ordinal);
        Assert.Null(outcome.IsEqualized);
        Assert.Equal(ModelCompiler.Compile(Options with { Equalize = false }, default).Weights, outcome.Weights);
        Assert.EndsWith("(int8)", SummaryLine.Of(ModelReport.Of(outcome)), StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutSamplesThatJudgeOrBesideOtherTechniquesNothingIsTried()
    {
        Write(most: 5);
        CompilationOutcome outcome = ModelCompiler.Compile(Options with { CalibrationSamples = Samples }, default);
        Assert.Contains("but 0 samples are left to judge by", Assert.Single(NotesOf(outcome)!), StringComparison.Ordinal);
        Assert.Null(outcome.IsEqualized);

        Assert.Null(NotesOf(ModelCompiler.Compile(Options with { Sparsity = 0.5 }, default)));
        Assert.Null(NotesOf(ModelCompiler.Compile(Options with { Precision = ModelPrecision.Float32 }, default)));
        Assert.Null(NotesOf(ModelCompiler.Compile(Options with { CalibrationData = null }, default)));
    }

    [Fact]
    public void LargeModelsAreNotTried()
    {
        Write(most: 5);
        (ImportedModel imported, ItemSamples samples) = Import(Options);
        var lowering = new TrialLowering(imported.Graph, new BoundaryOptions { ClassName = "M", Interface = imported.Graph });
        var context = new CompressionContext(Options, new Teacher(imported.Graph), samples, lowering, SilentProgress.Instance, default);
        var trial = new EqualizationTrial(context, samples, lowering) { MostWork = 1000 };

        CompressionRun run = trial.Run(new(PassPipeline.Run(imported.Graph, default)));

        Assert.Null(trial.IsEqualized);
        Assert.Contains("so large that a trial would take long", Assert.Single(run.Accounts[0].Notes), StringComparison.Ordinal);
        Assert.DoesNotContain(run.Accounts, a => a.Technique == "Equalization");
    }

    /// <summary>Those that judge are none of those that calibrate, whether twice as many are there, more or fewer.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(150)]
    [InlineData(170)]
    [InlineData(299)]
    [InlineData(300)]
    public void JudgesAreNoneOfThoseThatCalibrate(int fitted)
    {
        Write(most: 0);
        ItemSamples samples = Import(Options with { CalibrationSamples = fitted }).Samples;
        HashSet<float> calibrated = [.. samples.Calibration().Samples.Select(s => s[0].Values<float>()[0])];
        float[] judges = [.. samples.HeldOut(1000).Samples.Select(s => s[0].Values<float>()[0])];
        Assert.Equal(fitted, calibrated.Count);
        Assert.Equal(Math.Min(fitted, Samples - fitted), judges.Distinct().Count());
        Assert.DoesNotContain(judges, calibrated.Contains);
    }

    private static IReadOnlyList<string>? NotesOf(CompilationOutcome outcome) =>
        outcome.Techniques.FirstOrDefault(t => t.Technique == RecipeSearch.Step)?.Notes;

    private static (ImportedModel Imported, ItemSamples Samples) Import(ModelOptions options)
    {
        ImportedModel imported = OnnxImporter.Import(File.ReadAllBytes(options.ModelPath), options.ModelPath, ImportOptions.Default);
        return (imported, new(options, imported, default));
    }

    // The values of hidden channels are multiplied by up to 2 to the power of most, and by as little, and the weights behind them divided.
    private void Write(int most)
    {
        var random = new Random(5);
        float[] Drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] a = Drawn(Inputs * Hidden), b = Drawn(Hidden * Hidden), c = Drawn(Hidden * 4);
        for (int h = 0; h < Hidden; h++)
        {
            float factor = MathF.Pow(2, random.Next(-most, most + 1));
            for (int i = 0; i < Inputs; i++)
                a[(i * Hidden) + h] *= factor;
            for (int o = 0; o < Hidden; o++)
                b[(h * Hidden) + o] /= factor;
        }
        _files.Write("m.onnx", new ModelBuilder().Input("x", 1, Inputs).Constant("wa", Tensor.Of(a, Inputs, Hidden))
            .Constant("wb", Tensor.Of(b, Hidden, Hidden)).Constant("wc", Tensor.Of(c, Hidden, 4))
            .Node("MatMul", "x,wa", "a").Node("Relu", "a", "ra").Node("MatMul", "ra,wb", "b").Node("Relu", "b", "rb")
            .Node("MatMul", "rb,wc", "y").Output("y").Bytes);
        _files.Write("x.npy", DataFiles.Npy(
            [.. Enumerable.Range(0, Samples * Inputs).Select(_ => (float)((random.NextDouble() * 2) - 1))],
            "<f4", $"({Samples}, {Inputs})"));
    }

    private ModelOptions Options => new()
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        CalibrationData = new("x.npy", _files.Folder),
        CalibrationSamples = 100,
    };
}
