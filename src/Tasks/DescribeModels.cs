using System.Text;
using Microsoft.Build.Framework;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;
using Task = Microsoft.Build.Utilities.Task;

namespace OptimizerBuild;

/// <summary>
/// Writes plans that only have signatures, for design-time builds in which a model has not been compressed yet: the editor then
/// knows the generated class although no kernel call and no weights exist.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class DescribeModels : Task, ICancelableTask
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

    /// <summary>What describes; tests put another in its place.</summary>
    internal Func<ModelOptions, CancellationToken, ModelPlan> Compiler { get; set; } = ModelCompiler.DescribeSignature;

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (ITaskItem item in Models)
        {
            if (_cancellation.IsCancellationRequested)
                break;
            try
            {
                string signature = ModelItem.Files(item)[ModelFiles.Signature];
                if (!IsCurrent(signature, item))
                {
                    ModelPlan plan = Compiler(ModelItem.Options(item, ProjectFolder, RootNamespace), _cancellation.Token);
                    AtomicFile.Write(signature, Encoding.UTF8.GetBytes(PlanWriter.Write(plan)));
                }
            }
            catch (ModelException e)
            {
                foreach (Diagnostic diagnostic in e.Diagnostics)
                    Log.Log(diagnostic, Place(item), Path.GetFileName(item.ItemSpec));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Log.LogMessage(MessageImportance.Low, "{0}", e);
                Log.Log(InternalFault.Of(e), Place(item), Path.GetFileName(item.ItemSpec));
            }
            catch (OperationCanceledException)
            {
                // The editor asks again.
                break;
            }
        }
        return !Log.HasLoggedErrors;
    }

    private ItemLocation Place(ITaskItem item) => ItemLocation.Parse(item.GetMetadata(ModelItem.Location), ProjectFile);

    private static bool IsCurrent(string signature, ITaskItem item)
    {
        if (!File.Exists(signature))
            return false;
        DateTime time = File.GetLastWriteTimeUtc(signature);
        return item.GetMetadata(ModelItem.Inputs).Split(';').All(i => File.Exists(i) && File.GetLastWriteTimeUtc(i) <= time);
    }
}
