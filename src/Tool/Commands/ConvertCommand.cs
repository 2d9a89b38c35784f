using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Tool.Files;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>
/// Writes data that the build reads into one file of NumPy's format, so that a folder of images, say, is decoded and resized once and can
/// be read by other programs.
/// </summary>
internal sealed class ConvertCommand : ModelCommand
{
    private readonly Argument<string> _data = new("data")
    {
        Description = "A file or folder as the metadata CalibrationData takes it, or name=path pairs separated by semicolons",
    };

    private readonly Argument<FileInfo> _output = new("output") { Description = "The .npz file to write" };

    private readonly Option<FileInfo> _model = new Option<FileInfo>("--model")
    {
        Description = "The model that the data are for; images are resized and recordings are cut for it",
        HelpName = "FILE",
    }.AcceptExistingOnly();

    private readonly Option<int?> _samples = new("--samples")
    {
        Description = "How many images are taken at most, evenly spread over the folder",
        HelpName = "N",
    };

    /// <param name="console">Where it writes.</param>
    public ConvertCommand(IAnsiConsole console)
        : base("convert", "Writes images, tables and arrays into one .npz file.", console)
    {
        Add(_data);
        Add(_output);
        Add(_model);
        Add(_samples);
        _output.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!token.Value.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
                    result.AddError($"The output should end with .npz; '{token.Value}' does not.");
        });
        _samples.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (int.TryParse(token.Value, CultureInfo.InvariantCulture, out int count) && count < 1)
                    result.AddError($"--samples should be at least 1, not {token.Value}.");
        });
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line, CancellationToken cancellation)
    {
        const string Unknown = "no model is known; name it with --model";
        SampleForm form = SampleForm.None with { ImageObstacle = Unknown, SoundObstacle = Unknown };
        string? labelKey = Metadata(line).GetValueOrDefault("LabelKey");
        if (line.GetValue(_model) is { } model)
        {
            ModelOptions options = ItemOptions(model, Metadata(line));
            Graph graph = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation).Graph;
            form = SampleForm.Of(options, graph);
            labelKey = options.LabelKey;
        }
        int? samples = line.GetValue(_samples);
        DataSet data = DataSetReader.Read(
            line.GetRequiredValue(_data), Environment.CurrentDirectory, DataLimits.Default, labelKey, cancellation,
            form with { Maximum = samples ?? int.MaxValue, IsSelection = samples is not null });
        string output = line.GetRequiredValue(_output).FullName;
        NpzWriter.Write(output, data.Arrays);
        foreach (NamedArray array in data.Arrays)
            Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{array.Name}: {array.Value.Type}"));
        Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{output}: {new FileInfo(output).Length:N0} bytes"));
        return 0;
    }
}
