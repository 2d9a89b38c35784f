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
        Description = "How many samples are taken at most, evenly spread",
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
        Dictionary<string, string> metadata = Metadata(line);
        string? labelKey = metadata.GetValueOrDefault("LabelKey");
        if (line.GetValue(_model) is { } model)
        {
            ModelOptions options = ItemOptions(model, metadata);
            form = ItemSamples.FormOf(
                options, OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation));
            labelKey = options.LabelKey;
        }
        else if (metadata.Keys.FirstOrDefault(k => !k.Equals("LabelKey", StringComparison.OrdinalIgnoreCase)) is { } other)
        {
            throw new IOException($"--set {other} says what a model needs; name it with --model.");
        }
        int? samples = line.GetValue(_samples);
        DataSet data = DataSetReader.Read(
            line.GetRequiredValue(_data), Environment.CurrentDirectory, DataLimits.Default, labelKey, cancellation,
            form with { Maximum = samples ?? int.MaxValue, IsSelection = samples is not null });
        data = Spread(data, samples ?? int.MaxValue);
        string output = line.GetRequiredValue(_output).FullName;
        NpzWriter.Write(output, data.Arrays);
        foreach (NamedArray array in data.Arrays)
            Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{array.Name}: {array.Value.Type}"));
        Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{output}: {new FileInfo(output).Length:N0} bytes"));
        return 0;
    }

    // As many rows as are wanted, evenly spread, of arrays that were not spread when they were read.
    private static DataSet Spread(DataSet data, int maximum)
    {
        int rows = data.Arrays.Select(a => a.Value.Rank == 0 ? 0 : a.Value.Dimensions[0]).DefaultIfEmpty(0).Max();
        if (rows <= maximum)
            return data;
        if (data.Arrays.FirstOrDefault(a => a.Value.Rank == 0 || a.Value.Dimensions[0] != rows) is { } other)
            throw new IOException($"--samples needs arrays of one length; '{other.Name}' is {other.Value.Type}, others have {rows} rows.");
        return data with { Arrays = [.. data.Arrays.Select(a => a with { Value = Rows(a.Value) })] };

        Tensor Rows(Tensor all)
        {
            Tensor some = Tensor.Zeros(new TensorType(all.Element, [maximum, .. all.Dimensions.Skip(1)]));
            int each = all.Count / rows;
            for (int i = 0; i < maximum; i++)
                Array.Copy(all.Data, SampleSplitter.OriginalIndex(i, maximum, rows) * each, some.Data, i * each, each);
            return some;
        }
    }
}
