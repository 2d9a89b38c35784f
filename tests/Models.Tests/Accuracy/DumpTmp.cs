using OptimizerBuild.Plan;
using OptimizerBuild.Testing;
namespace OptimizerBuild.Models.Accuracy;
public sealed class DumpTmp
{
    public static TheoryData<string> Cases => SharedModels.Cases;
    [SharedTheory]
    [MemberData(nameof(Cases))]
    public void Dump(string name)
    {
        var o = SharedModels.Compile(name);
        System.IO.File.WriteAllText("/tmp/dump/" + name + ".plan", PlanWriter.Write(o.Plan));
        System.IO.File.WriteAllText("/tmp/dump/" + name + ".graph", SharedModels.Compress(name).Model.Graph.Print());
    }
}
