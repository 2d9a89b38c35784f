using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;

namespace OptimizerBuild.Pipeline;

/// <summary>What a build writes for one model, in memory.</summary>
/// <param name="Plan">The plan's text.</param>
/// <param name="Weights">The packed weights.</param>
/// <param name="Report">The report's text (JSON).</param>
/// <param name="ExternalData">The external data files, one a line (<see cref="ExternalFile"/>); empty without.</param>
/// <param name="QdqModel">The compressed model as an ONNX file; null without.</param>
internal sealed record ModelOutputs(string Plan, byte[] Weights, string Report, string ExternalData, byte[]? QdqModel = null)
{
    /// <summary>The outputs from the contents of the files in <see cref="Files"/>, by the endings of their names.</summary>
    /// <exception cref="IOException">A file is missing.</exception>
    public static ModelOutputs Of(IReadOnlyDictionary<string, byte[]> contents)
    {
        byte[] Content(string extension) => contents.TryGetValue(extension, out byte[]? content) ? content
            : throw new IOException($"there is no file *{extension}");
        string Text(string extension) => Encoding.UTF8.GetString(Content(extension));
        return new(Text(ModelFiles.Plan), Content(ModelFiles.Weights), Text(ModelFiles.Report), Text(ModelFiles.ExternalData),
            contents.GetValueOrDefault(ModelFiles.QdqModel));
    }

    /// <summary>
    /// The contents by the ending of the file's name, in the order in which they are written: the plan, which marks success, last.
    /// </summary>
    public IEnumerable<(string Extension, byte[] Content)> Files =>
    [
        (ModelFiles.ExternalData, Encoding.UTF8.GetBytes(ExternalData)),
        (ModelFiles.Weights, Weights),
        (ModelFiles.Report, Encoding.UTF8.GetBytes(Report)),
        .. QdqModel is null ? [] : (IEnumerable<(string, byte[])>)[(ModelFiles.QdqModel, QdqModel)],
        (ModelFiles.Plan, Encoding.UTF8.GetBytes(Plan)),
    ];
}

/// <summary>The files of one model below <c>obj</c>.</summary>
/// <param name="Folder">Full path of the model's folder.</param>
/// <param name="Name">The model's name.</param>
internal sealed record ModelFiles(string Folder, string Name)
{
    /// <summary>Ending of the plan's name.</summary>
    public const string Plan = ".plan";

    /// <summary>Ending of the weights' name.</summary>
    public const string Weights = ".weights";

    /// <summary>Ending of the report's name.</summary>
    public const string Report = ".report.json";

    /// <summary>Ending of the name of the compressed model as an ONNX file.</summary>
    public const string QdqModel = ".qdq.onnx";

    /// <summary>Ending of the name of the list of external data files, which the next build reads.</summary>
    public const string ExternalData = ".external";

    /// <summary>Ending of the name of the file that changes when an option does.</summary>
    public const string Options = ".options";

    /// <summary>Ending of the name of the plan that only has signatures, for design-time builds.</summary>
    public const string Signature = ".signature.plan";

    /// <summary>Full path of one of the files.</summary>
    public string this[string extension] => Path.Combine(Folder, Name + extension);

    /// <summary>Writes the outputs, each under a temporary name first, so that no reader ever sees half a file.</summary>
    /// <exception cref="ModelException">A file cannot be written, or one of an earlier build that is no longer wanted not
    /// removed.</exception>
    public void Write(ModelOutputs outputs)
    {
        if (outputs.QdqModel is null)
            AtomicFile.Delete(this[QdqModel]);
        foreach ((string extension, byte[] content) in outputs.Files)
            AtomicFile.Write(this[extension], content);
    }
}
