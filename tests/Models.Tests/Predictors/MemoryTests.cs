using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Predictors;

/// <summary>The scratch memory of the development set's models beside the least that any placement of their buffers can have.</summary>
public sealed class MemoryTests
{
    public static TheoryData<string> Cases => SharedModels.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void ScratchMemoryIsTheLargestLiveSet(string name)
    {
        SharedAssets.Require();
        ModelPlan plan = SharedModels.Compile(name).Plan;
        long least = LargestLiveSet.Of(plan.Buffers);

        Assert.InRange(plan.ArenaBytes, least, least + (least / 50));
    }
}
