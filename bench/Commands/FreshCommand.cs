using System.CommandLine;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>fresh</c>: trains a classifier's graph from random weights on the labels of its data and writes it as ONNX: further teachers, say.
/// </summary>
internal sealed class FreshCommand : BenchCommand
{
    private readonly ModelSelection _models;
    private readonly Option<int> _steps = new("--steps")
    {
        Description = "Steps of 64 samples", HelpName = "N", DefaultValueFactory = _ => 2000,
    };

    private readonly Option<string> _seed = new("--seed")
    {
        Description = "Any text: decides the weights at the beginning", HelpName = "TEXT", DefaultValueFactory = _ => "fresh",
    };

    private readonly Option<string> _folder = new("--to")
    {
        Description = "The folder that takes MODEL-SEED.onnx", HelpName = "FOLDER", DefaultValueFactory = _ => ".",
    };

    /// <summary>Declares the command and its options.</summary>
    public FreshCommand()
        : base("fresh", "Trains a classifier anew on labels and writes it")
    {
        _models = new(this, hasPrecision: false);
        Add(_steps);
        Add(_seed);
        Add(_folder);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string seed = line.GetValue(_seed)!;
        foreach (BenchModel model in _models.Of(line))
        {
            ModelOptions options = model.Options();
            Graph graph = PassPipeline.Run(OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options)).Graph);
            (SampleSet samples, int[] classes) = LabelledTraining.Read(LabelledTraining.Data(options), graph, options);
            string output = graph.Outputs[ClassifierDetection.ScoresOutput(graph)];
            string logits = ClassifierDetection.AreProbabilities(graph, output) ? GraphIndex.Of(graph).Producer(output)!.Inputs[0] : output;
            Graph trained = LabelledTraining.FromNothing(graph, logits, samples, classes, seed, line.GetValue(_steps));
            string file = Path.Combine(line.GetValue(_folder)!, $"{model.Name}-{seed}.onnx");
            File.WriteAllBytes(file, QdqExporter.Export(new CompressedModel(trained)));
            Console.WriteLine(file);
        }
        return 0;
    }
}
