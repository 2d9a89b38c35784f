using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Reporting;

namespace OptimizerBuild;

/// <summary>
/// A <c>CompressedModel</c> on its way through the targets: the user's item with the user's metadata, and with what
/// <see cref="CollectModels"/> found out in metadata that begin with an underscore.
/// </summary>
internal static class ModelItem
{
    /// <summary>Full path of the folder for the model's files.</summary>
    public const string FolderName = "_Folder";

    /// <summary>The files' name without ending.</summary>
    public const string FileName = "_FileName";

    /// <summary>All files that the outputs depend on, separated by semicolons.</summary>
    public const string Inputs = "_Inputs";

    /// <summary>Full path of the plan.</summary>
    public const string Plan = "_Plan";

    /// <summary>Full path of the weights.</summary>
    public const string Weights = "_Weights";

    /// <summary>Full path of the report.</summary>
    public const string Report = "_Report";

    /// <summary>Full path of the compressed model as an ONNX file; empty where it is not asked for.</summary>
    public const string QdqModel = "_QdqModel";

    /// <summary>Full path of the options' file.</summary>
    public const string OptionsFile = "_Options";

    /// <summary>Full path of the list of external data files.</summary>
    public const string ExternalData = "_External";

    /// <summary>Full path of the plan with signatures only.</summary>
    public const string Signature = "_Signature";

    /// <summary><c>true</c> where the plan is missing or older than what it depends on.</summary>
    public const string IsStale = "_IsStale";

    /// <summary>Where the item stands in the user's project (<see cref="ItemLocation"/>).</summary>
    public const string Location = "_Location";

    /// <summary>The logical name of the weights' resource.</summary>
    public const string ResourceName = "_ResourceName";

    /// <summary>The item with what the targets need to know.</summary>
    /// <param name="item">The user's item.</param>
    /// <param name="options">Its options.</param>
    /// <param name="files">The model's files.</param>
    /// <param name="inputs">What the outputs depend on.</param>
    /// <param name="isStale">Whether the plan is missing or older.</param>
    /// <param name="place">Where the item stands.</param>
    public static ITaskItem Create(
        ITaskItem item, ModelOptions options, ModelFiles files, IEnumerable<string> inputs, bool isStale, ItemLocation place)
    {
        var result = new TaskItem(item);
        result.SetMetadata(FolderName, Escape(files.Folder));
        result.SetMetadata(FileName, Escape(files.Name));
        result.SetMetadata(Inputs, string.Join(';', inputs.Select(Escape)));
        result.SetMetadata(Plan, Escape(files[ModelFiles.Plan]));
        result.SetMetadata(Weights, Escape(files[ModelFiles.Weights]));
        result.SetMetadata(Report, Escape(files[ModelFiles.Report]));
        result.SetMetadata(QdqModel, options.ExportOnnx ? Escape(files[ModelFiles.QdqModel]) : "");
        result.SetMetadata(OptionsFile, Escape(files[ModelFiles.Options]));
        result.SetMetadata(ExternalData, Escape(files[ModelFiles.ExternalData]));
        result.SetMetadata(Signature, Escape(files[ModelFiles.Signature]));
        result.SetMetadata(IsStale, isStale ? "true" : "false");
        result.SetMetadata(Location, Escape(place.ToString()));
        result.SetMetadata(ResourceName, Escape(options.ResourceName));
        return result;
    }

    /// <summary>The model's files.</summary>
    public static ModelFiles Files(ITaskItem item) => new(item.GetMetadata(FolderName), item.GetMetadata(FileName));

    /// <summary>Parses the item's metadata.</summary>
    /// <exception cref="ModelException">A metadata is not understood.</exception>
    public static ModelOptions Options(ITaskItem item, string projectFolder, string rootNamespace)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (object key in item.CloneCustomMetadata().Keys)
            metadata[(string)key] = item.GetMetadata((string)key);
        return ItemMetadata.Parse(item.ItemSpec, metadata, projectFolder, rootNamespace);
    }

    // TaskItem takes values in MSBuild's escaped form ("MSBuild special characters").
    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (char c in value)
        {
            if (c is '%' or '*' or '?' or '@' or '$' or '(' or ')' or ';' or '\'')
                text.Append('%').Append(Convert.ToHexStringLower([(byte)c]));
            else
                text.Append(c);
        }
        return text.ToString();
    }
}
