using Microsoft.Build.Framework;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Reporting;
using Task = Microsoft.Build.Utilities.Task;

namespace OptimizerBuild;

/// <summary>
/// Prints what models consist of and how their layers would run, without compressing anything: inputs, outputs, operators,
/// multiply-accumulates and weights. What is not supported is an error for each node of each model.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SurveyModels : Task, ICancelableTask
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The models as <see cref="CollectModels"/> gave them out.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Full path of the project's folder.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

    /// <summary>The project's <c>RootNamespace</c>.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>Full path of the project, at which diagnostics point where an item's line is not known.</summary>
    public string ProjectFile { get; set; } = "";

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (ITaskItem item in Models)
        {
            ItemLocation place = ItemLocation.Parse(item.GetMetadata(ModelItem.Location), ProjectFile);
            try
            {
                SurveyedModel survey = ModelSurvey.Of(ModelItem.Options(item, ProjectFolder, RootNamespace), _cancellation.Token);
                foreach (string line in survey.Lines())
                    Log.LogMessage(MessageImportance.High, "{0}", line);
            }
            catch (ModelException e)
            {
                foreach (Diagnostic diagnostic in e.Diagnostics)
                    Log.Log(diagnostic, place, Path.GetFileName(item.ItemSpec));
            }
            catch (OperationCanceledException)
            {
                Log.Log(Diagnostic.Of(DiagnosticCatalog.Cancelled, null, item.ItemSpec), place);
                break;
            }
            catch (Exception e)
            {
                Log.LogMessage(MessageImportance.Low, "{0}", e);
                Log.Log(InternalFault.Of(e), place, Path.GetFileName(item.ItemSpec));
            }
        }
        return !Log.HasLoggedErrors;
    }
}
